import { autocompletion, closeCompletion, completionKeymap } from '@codemirror/autocomplete'
import { PostgreSQL, sql } from '@codemirror/lang-sql'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { unifiedMergeView } from '@codemirror/merge'
import { Compartment, EditorState, type Extension, Prec, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers, placeholder as hint } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { minimalSetup } from 'codemirror'
import { useEffect, useRef } from 'react'

/** Tables with their columns, by name or schema.name: what is offered while typing. */
export type Completion = Record<string, string[]>

interface Props {
  value: string
  label: string
  onChange?: (value: string) => void
  /** Ctrl-Enter. */
  onRun?: () => void
  readOnly?: boolean
  completion?: Completion
  /** Shows what differs from this. */
  original?: string
  placeholder?: string
  minLines?: number
  /** The part that something is wrong with, in characters of value. */
  wrong?: { from: number; to: number }
}

// Colours of Mantine's, by variables: they follow the scheme.
const colours = HighlightStyle.define([
  { tag: tags.keyword, class: 'sql-keyword' },
  { tag: [tags.string, tags.special(tags.string)], class: 'sql-string' },
  { tag: [tags.number, tags.bool, tags.null], class: 'sql-number' },
  { tag: tags.comment, class: 'sql-comment' },
  { tag: tags.typeName, class: 'sql-type' },
])

const look = EditorView.theme({
  '&': { fontSize: 'var(--mantine-font-size-sm)', border: '1px solid var(--mantine-color-default-border)', borderRadius: 'var(--mantine-radius-sm)', background: 'var(--mantine-color-body)' },
  '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', maxHeight: '60vh' },
  '.cm-gutters': { background: 'transparent', border: 'none', color: 'var(--mantine-color-dimmed)' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'light-dark(var(--mantine-color-teal-1), var(--mantine-color-teal-9))' },
  '.cm-tooltip': { background: 'var(--mantine-color-body)', border: '1px solid var(--mantine-color-default-border)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mantine-font-family-monospace)', maxHeight: '14em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--mantine-primary-color-filled)', color: 'var(--mantine-color-white)' },
  '.cm-changedLine': { background: 'light-dark(#e6fcf5, #0b3b2e) !important' },
  '.cm-deletedChunk': { background: 'light-dark(#fff0f0, #4a1616) !important' },
})

const setWrong = StateEffect.define<{ from: number; to: number } | null>()
const WRONG = Decoration.mark({ class: 'sql-wrong' })

/** The wrong part stays at its words while the text around it changes. */
const wrongPart = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    const effect = transaction.effects.find((e) => e.is(setWrong))
    if (!effect) return marks.map(transaction.changes)
    const { value } = effect
    const length = transaction.state.doc.length
    return value && value.from < value.to && value.to <= length ? Decoration.set(WRONG.range(value.from, value.to)) : Decoration.none
  },
  provide: (field) => EditorView.decorations.from(field),
})

const languageOf = (completion?: Completion): Extension => sql({ dialect: PostgreSQL, schema: completion, upperCaseKeywords: true })

/** SQL with colours: to read, to compare, or to write with completion from the catalog. */
export default function SqlEditor({ value, label, onChange, onRun, readOnly, completion, original, placeholder, minLines = 3, wrong }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const language = useRef(new Compartment())
  const handlers = useRef({ onChange, onRun })
  useEffect(() => { handlers.current = { onChange, onRun } })

  useEffect(() => {
    if (!box.current) return
    const editor = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          minimalSetup, look, wrongPart, syntaxHighlighting(colours), EditorView.lineWrapping, language.current.of(languageOf(completion)),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          ...(readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: '0' })] : [
            lineNumbers(), autocompletion({ icons: false }), keymap.of(completionKeymap),
            Prec.highest(keymap.of([{ key: 'Mod-Enter', run: (view) => { closeCompletion(view); handlers.current.onRun?.(); return true } }])),
            EditorView.updateListener.of((update) => { if (update.docChanged) handlers.current.onChange?.(update.state.doc.toString()) }),
            EditorView.theme({ '.cm-content': { minHeight: `${minLines * 1.5}em` } }),
          ]),
          ...(placeholder ? [hint(placeholder)] : []),
          ...(original === undefined ? [] : [unifiedMergeView({ original, mergeControls: false, gutter: true, highlightChanges: true })]),
        ],
      }),
    })
    view.current = editor
    if (!readOnly) editor.focus()
    return () => editor.destroy()
    // The editor owns its text once it is there; value, label and completion are kept up by what follows.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [readOnly, original])

  useEffect(() => {
    const editor = view.current
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  useEffect(() => view.current?.dispatch({ effects: language.current.reconfigure(languageOf(completion)) }), [completion])
  useEffect(() => view.current?.dispatch({ effects: setWrong.of(wrong ?? null) }), [wrong])

  return <div ref={box} data-testid={readOnly ? 'sql' : 'sql-editor'} />
}
