package llm

import (
	"regexp"
	"strings"
)

var (
	think     = regexp.MustCompile(`(?s)<think>.*?(?:</think>|$)`)
	mdImage   = regexp.MustCompile(`!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?`)
	mdRef     = regexp.MustCompile(`(?m)^[ \t]*\[[^\]]+\]:[ \t]*\S+.*$`)
	mdLink    = regexp.MustCompile(`\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])`)
	htmlBlock = regexp.MustCompile(`(?is)<(script|style|iframe)\b.*?</(script|style|iframe)\s*>`)
	htmlTag   = regexp.MustCompile(`(?s)<[A-Za-z/!][^<>]*>`)
	address   = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.|(?:mailto|javascript|vbscript|file|tel):|data:[a-z]+/)[^\s<>"']*|//[a-z0-9-]+\.[^\s<>"']*`)
	heading   = regexp.MustCompile(`(?m)^[ \t]*#{1,6}[ \t]+`)
	spaces    = regexp.MustCompile(`[ \t]+`)
	newlines  = regexp.MustCompile(`[ \t]*\n(?:[ \t]*\n)+[ \t]*`)
)

// clean makes plain text of at most limit bytes of what a model wrote: no
// links, images, markup or control characters. The page shows it as text
// anyway; this keeps addresses from being shown at all.
func clean(text string, limit int) string {
	text = strip(strings.ToValidUTF8(text, "\uFFFD"))
	text = think.ReplaceAllString(text, "")
	text = mdImage.ReplaceAllString(text, "")
	text = mdRef.ReplaceAllString(text, "")
	text = mdLink.ReplaceAllString(text, "$1")
	text = htmlBlock.ReplaceAllString(text, "")
	text = htmlTag.ReplaceAllString(text, "")
	text = address.ReplaceAllString(text, "[link removed]")
	text = heading.ReplaceAllString(text, "")
	text = strings.NewReplacer("**", "", "`", "").Replace(text)
	text = spaces.ReplaceAllString(text, " ")
	text = newlines.ReplaceAllString(text, "\n")
	return strings.TrimSpace(cut(strings.TrimSpace(text), limit))
}

// settled is the part of a text that is still arriving which clean will not
// change its mind about: whole words, and nothing inside an open bracket.
func settled(text string) string {
	end := strings.LastIndexAny(text, " \n\t")
	if end < 0 {
		return ""
	}
	text = text[:end]
	if i := strings.LastIndex(text, "<think>"); i >= 0 && !strings.Contains(text[i:], "</think>") {
		text = text[:i]
	}
	for _, pair := range [][2]string{{"[", "]"}, {"(", ")"}, {"<", ">"}} {
		if i := strings.LastIndex(text, pair[0]); i >= 0 && len(text)-i < maxHeld && !strings.Contains(text[i:], pair[1]) {
			text = strings.TrimSuffix(text[:i], "!") // of an image
		}
	}
	return text
}

// maxHeld is how many bytes an open bracket may hold back.
const maxHeld = 400

// wholeSentences cuts a text that broke off back to its last full stop, if
// it has one.
func wholeSentences(text string) string {
	end := -1
	for i, r := range text {
		rest := text[i+len(string(r)):]
		if strings.ContainsRune(".!?。！？", r) && (rest == "" || rest[0] == ' ' || rest[0] == '\n' || r > 127) {
			end = i + len(string(r))
		}
	}
	if end < 0 {
		return text
	}
	return text[:end]
}
