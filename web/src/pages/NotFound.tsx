import { Anchor, Center, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'

/** An address that is no page. */
export function NotFound() {
  return (
    <Center mih="60vh" p="md">
      <Stack gap="xs"><Title order={1} size="h3">No such page</Title><Text>The address is mistyped, or the page has moved. <Anchor component={Link} to="/">Ask a question</Anchor></Text></Stack>
    </Center>
  )
}
