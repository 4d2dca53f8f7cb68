package report

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/datamind/datamind/models"
)

// maxText bounds a section's text in characters: what a text tile may have.
const maxText = models.MaxTileText

// maxDepth bounds how deep lists and quotes are followed.
const maxDepth = 8

type blockKind int

const (
	paragraph blockKind = iota
	heading
	item
	quote
	code
	rule
)

// block is a paragraph of a text.
type block struct {
	kind blockKind
	// level is a heading's, from 1, or how deep an item or a quote is, from 0.
	level  int
	marker string // of an item: "•" or "3."
	spans  []span
}

// span is a run of text in one style. It may have line breaks.
type span struct {
	text string
	bold bool
	link string
}

// markdown reads the part of Markdown that a report can show: paragraphs,
// headings, lists, quotes, code, emphasis and links. All else, HTML among it,
// stays the text that it is.
func markdown(source string) []block {
	raw := []byte(models.Clip(strings.ReplaceAll(source, "\r\n", "\n"), maxText))
	r := reader{source: raw}
	root := goldmark.DefaultParser().Parse(text.NewReader(raw))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		r.block(n, block{}, 0)
	}
	return r.blocks
}

type reader struct {
	source []byte
	blocks []block
}

// block reads a block; as is what the blocks in it are.
func (r *reader) block(n ast.Node, as block, depth int) {
	if depth > 2*maxDepth {
		return
	}
	switch n := n.(type) {
	case *ast.Heading:
		r.add(block{kind: heading, level: n.Level, spans: r.inline(n, span{}, 0)})
	case *ast.Paragraph, *ast.TextBlock:
		as.spans = r.inline(n, span{}, 0)
		r.add(as)
	case *ast.ThematicBreak:
		r.blocks = append(r.blocks, block{kind: rule})
	case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
		as.kind = code
		if _, html := n.(*ast.HTMLBlock); html {
			as.kind = paragraph
		}
		as.spans = []span{{text: strings.TrimRight(string(n.Lines().Value(r.source)), "\n")}}
		r.add(as)
	case *ast.Blockquote:
		r.children(n, block{kind: quote, level: min(as.level, maxDepth)}, depth)
	case *ast.List:
		number := n.Start
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			marker := "•"
			if n.IsOrdered() {
				marker = fmt.Sprintf("%d.", number)
				number++
			}
			level := 0
			if as.kind == item {
				level = min(as.level+1, maxDepth)
			}
			before := len(r.blocks)
			r.children(c, block{kind: item, level: level}, depth+1)
			if len(r.blocks) > before && r.blocks[before].kind == item {
				r.blocks[before].marker = marker
			}
		}
	default:
		r.children(n, as, depth)
	}
}

func (r *reader) children(n ast.Node, as block, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.block(c, as, depth+1)
	}
}

func (r *reader) add(b block) {
	for _, s := range b.spans {
		if strings.TrimSpace(s.text) != "" {
			r.blocks = append(r.blocks, b)
			return
		}
	}
}

// inline reads what is in a block.
func (r *reader) inline(n ast.Node, as span, depth int) (out []span) {
	if depth > 4*maxDepth {
		return nil
	}
	add := func(text string) {
		as.text = text
		out = append(out, as)
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			value := c.Segment.Value(r.source)
			if !c.IsRaw() {
				value = util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(value)))
			}
			add(string(value))
			switch {
			case c.HardLineBreak():
				add("\n")
			case c.SoftLineBreak():
				add(" ")
			}
		case *ast.String:
			add(string(c.Value))
		case *ast.RawHTML:
			add(string(c.Segments.Value(r.source)))
		case *ast.AutoLink:
			linked := as
			linked.text, linked.link = string(c.Label(r.source)), webAddress(string(c.URL(r.source)))
			out = append(out, linked)
		case *ast.Link:
			linked := as
			linked.link = webAddress(string(c.Destination))
			out = append(out, r.inline(c, linked, depth+1)...)
		case *ast.Emphasis:
			strong := as
			strong.bold = strong.bold || c.Level >= 2
			out = append(out, r.inline(c, strong, depth+1)...)
		default: // code, the words that stand for an image
			out = append(out, r.inline(c, as, depth+1)...)
		}
	}
	return out
}

// plain is a text without its marks, its paragraphs an empty line apart.
func plain(source string) string {
	var b strings.Builder
	last := block{}
	for i, p := range markdown(source) {
		switch {
		case i == 0:
		case p.kind == item && last.kind == item:
			b.WriteString("\n")
		default:
			b.WriteString("\n\n")
		}
		last = p
		if p.kind == rule {
			b.WriteString("—")
			continue
		}
		if p.kind == item {
			b.WriteString(strings.Repeat("  ", p.level))
			if p.marker != "" {
				b.WriteString(p.marker + " ")
			}
		}
		for n, s := range p.spans {
			b.WriteString(s.text)
			// The address follows the last of a link's words, where it is not those itself.
			if s.link != "" && s.link != s.text && (n+1 == len(p.spans) || p.spans[n+1].link != s.link) {
				b.WriteString(" (" + s.link + ")")
			}
		}
	}
	return b.String()
}
