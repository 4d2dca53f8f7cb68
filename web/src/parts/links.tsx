import { Anchor, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentProps } from 'react'

/** Mantine's link to a page of this application, with its parameters checked. */
export const PageLink = createLink(Anchor<'a'>)

type AnchorProps = ButtonProps & Omit<ComponentProps<'a'>, keyof ButtonProps>

/** A link to a page that looks like a button. */
export const PageButton = createLink((props: AnchorProps) => <Button component="a" {...props} />)
