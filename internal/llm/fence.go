package llm

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Data stands in a prompt between tags such as <schema> and </schema>. No tag
// can occur in data: quote escapes each "<" that could begin one, and with it
// the role marks of chat templates ("<|im_start|>", "</s>"). Names that need no
// quotes hold letters, digits and underscores only.

// marks are role marks that begin with something else than "<".
var marks = strings.NewReplacer("[INST", `\u005bINST`, "[/INST", `\u005b/INST`, "[SYSTEM", `\u005bSYSTEM`, "[/SYSTEM", `\u005b/SYSTEM`)

// quote encodes text as a JSON string that is safe inside a fence and takes at
// most limit bytes of it. A "<" before a space, a digit, "=" or ">" stays as it
// is, so that SQL remains readable.
func quote(text string, limit int) string {
	short := cut(strings.ToValidUTF8(text, "\uFFFD"), limit)
	if len(short) < len(text) && limit > 0 {
		short += "…"
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(strip(short)); err != nil {
		return `""` // a string can always be encoded
	}
	return fence(strings.TrimSuffix(b.String(), "\n"))
}

// fence escapes the tags in JSON text, in which "<" stands in strings only.
func fence(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '<' && (i+1 == len(text) || !strings.ContainsRune(" =>0123456789", rune(text[i+1]))) {
			b.WriteString(`\u003c`)
			continue
		}
		b.WriteByte(text[i])
	}
	return marks.Replace(b.String())
}

// fenced encodes a value as JSON for a fence.
func fenced(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "null"
	}
	return fence(strings.TrimSuffix(b.String(), "\n"))
}

// strip drops control and invisible characters, which hide instructions from a
// person's eyes, save line ends, tabs and the joiners that scripts need.
func strip(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\u200c', r == '\u200d':
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co), r >= 0xE0000 && r <= 0xE0FFF:
			return -1
		}
		return r
	}, text)
}

// bounds for plan prompts, in bytes.
const (
	maxQuestion = 4000
	maxHints    = 8000
)

// short cuts and cleans a string that is encoded as part of a larger value.
func short(text string, limit int) string {
	if utf8.RuneCountInString(text) == 0 {
		return ""
	}
	out := cut(strings.ToValidUTF8(text, "\uFFFD"), limit)
	if len(out) < len(text) {
		out += "…"
	}
	return strip(out)
}
