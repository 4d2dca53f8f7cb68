import { Anchor, Button } from '@mantine/core'
import { createLink } from '@tanstack/react-router'

/** Mantine's link and button to a page of this application, with its parameters checked. */
export const PageLink = createLink(Anchor<'a'>)
export const PageButton = createLink(Button<'a'>)
