import { Center, Paper, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** The card of pages that are seen without being signed in. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w={400} maw="100%">
        <Title order={1} size="h3" mb="lg">{title}</Title>
        {children}
      </Paper>
    </Center>
  )
}
