package report

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/signintech/gopdf"

	"github.com/datamind/datamind/models"
)

// Bounds of a PDF. What is left out is said.
const (
	maxPages    = 150
	maxTable    = 500  // rows of a table
	maxCharted  = 12   // rows of a table below its chart
	maxRows     = 3000 // rows of all tables
	maxPictures = 6 << 20
)

// The page, in points: A4 upright.
const (
	pageWidth, pageHeight = 595.28, 841.89
	side                  = 48.
	room                  = pageWidth - 2*side
	top, bottom           = 72., pageHeight - 58
)

// Colours.
var (
	ink    = colour{0x21, 0x25, 0x29}
	dimmed = colour{0x5c, 0x63, 0x6a}
	faint  = colour{0xde, 0xe2, 0xe6}
	shaded = colour{0xf1, 0xf3, 0xf5}
	linked = colour{0x18, 0x64, 0xab}
	failed = colour{0xc9, 0x2a, 0x2a}
)

type colour [3]uint8

// PDF writes a document as PDF: A4, its fonts inside, the same bytes for the same
// document. Of a report of usual size that takes some hundred milliseconds, of the
// largest a second: no more than maxPages pages, with maxSections sections and
// maxRows rows. It is never larger than models.MaxArtifact; ctx ends it between
// paragraphs and rows.
func PDF(ctx context.Context, d Document) (out []byte, err error) {
	defer func() { // texts are customers': what the library does not foresee is an error
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("report: write PDF: %v", r)
		}
	}()
	f, err := loadFonts()
	if err != nil {
		return nil, err
	}
	p := &paper{ctx: ctx, d: d, words: wordsOf(d.Locale), fonts: f, rows: maxRows}
	if err := p.write(); err != nil {
		return nil, fmt.Errorf("report: write PDF: %w", err)
	}
	var b bytes.Buffer
	if _, err := p.pdf.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("report: write PDF: %w", err)
	}
	if b.Len() > models.MaxArtifact {
		return nil, fmt.Errorf("report: the PDF has %d bytes, more than the %d that a file may have", b.Len(), models.MaxArtifact)
	}
	return b.Bytes(), nil
}

// paper is a document being written. Its first error stays; nothing is drawn after it.
type paper struct {
	ctx   context.Context
	d     Document
	words *words
	fonts *fonts
	pdf   gopdf.GoPdf
	err   error

	title, stamp string
	y            float64 // where the next thing goes
	pages        int
	shown        int  // sections
	rows         int  // that may still be written
	pictures     int  // bytes of them
	lost         bool // a character could not be written
	full         bool // there may be no more pages
}

func (p *paper) write() error {
	p.pdf.Start(gopdf.Config{Unit: gopdf.UnitPT, PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	for _, family := range []string{p.fonts.regular.family, p.fonts.bold.family} {
		if err := p.pdf.AddTTFFontFromFontContainer(family, &p.fonts.container); err != nil {
			return err
		}
	}
	p.title, p.stamp = p.clean(models.Clip(p.d.Title, 300)), p.clean(p.words.stamp(p.d.At, p.d.zone()))
	p.pdf.SetInfo(gopdf.PdfInfo{Title: p.title, Creator: "DataMind", Producer: "DataMind", CreationDate: p.d.At.UTC().Truncate(time.Second)})
	p.newPage()
	p.head()
	for i := range p.d.Sections[:min(len(p.d.Sections), maxSections)] {
		if p.over() {
			break
		}
		p.section(&p.d.Sections[i])
		p.shown = i + 1
	}
	switch more := len(p.d.Sections) - p.shown; {
	case more == 1:
		p.note(p.words.moreSection)
	case more > 1:
		p.note(fmt.Sprintf(p.words.moreSections, more))
	}
	p.foot()
	return p.err
}

func (p *paper) over() bool { return p.err != nil || p.full }

func (p *paper) clean(text string) string {
	out, lost := p.fonts.clean(text)
	p.lost = p.lost || lost
	return out
}

// text draws a line of cleaned text on its base line.
func (p *paper) text(x, y float64, text string, f *face, size float64, c colour) {
	if p.err != nil || text == "" {
		return
	}
	if p.err = p.pdf.SetFont(f.family, "", size); p.err != nil {
		return
	}
	p.pdf.SetTextColor(c[0], c[1], c[2])
	p.pdf.SetXY(x, y)
	p.err = p.pdf.Text(visual(text))
}

func (p *paper) line(y float64, c colour, width float64) {
	p.pdf.SetLineWidth(width)
	p.pdf.SetStrokeColor(c[0], c[1], c[2])
	p.pdf.Line(side, y, pageWidth-side, y)
}

func (p *paper) box(x, y, width, height float64, c colour) {
	p.pdf.SetFillColor(c[0], c[1], c[2])
	p.pdf.RectFromUpperLeftWithStyle(x, y, width, height, "F")
}

// need begins a new page where so much does not fit on this one. false says that
// nothing may be written any more.
func (p *paper) need(height float64) bool {
	if p.err == nil {
		p.err = p.ctx.Err()
	}
	if p.over() {
		return false
	}
	if p.y+height <= bottom {
		return true
	}
	if p.pages >= maxPages {
		p.full = true
		return false
	}
	p.newPage()
	return true
}

func (p *paper) newPage() {
	p.pdf.AddPage()
	p.pages++
	p.y = top
	if p.pages > 1 {
		width := p.fonts.regular.measure(p.stamp, 8)
		p.text(side, 46, p.fonts.regular.fit(p.title, 8, room-width-20), &p.fonts.regular, 8, dimmed)
		p.text(pageWidth-side-width, 46, p.stamp, &p.fonts.regular, 8, dimmed)
		p.line(54, faint, .5)
	}
	p.line(pageHeight-44, faint, .5)
	if address := webAddress(p.d.Link); address != "" {
		words := p.clean(models.Clip(p.d.LinkText, 200))
		if words == "" {
			words = p.clean(address)
		}
		words = p.fonts.regular.fit(words, 8, room-120)
		p.text(side, pageHeight-30, words, &p.fonts.regular, 8, linked)
		p.pdf.AddExternalLink(address, side, pageHeight-40, p.fonts.regular.measure(words, 8), 14)
	}
}

// head is the first page's.
func (p *paper) head() {
	p.y = 62
	p.paragraph([]span{{text: p.title, bold: true}}, side, room, 20, ink, 4)
	if p.d.Subtitle != "" {
		p.y += 3
		p.paragraph([]span{{text: models.Clip(p.d.Subtitle, 1000)}}, side, room, 10.5, dimmed, 8)
	}
	p.y += 3
	p.paragraph([]span{{text: p.stamp}}, side, room, 9, dimmed, 1)
	p.y += 4
	p.line(p.y, faint, 1)
	p.y += 6
}

// foot ends the document, and numbers its pages.
func (p *paper) foot() {
	if p.lost {
		p.note(p.words.unknownGlyphs)
	}
	if p.d.Footer != "" {
		p.note(models.Clip(p.d.Footer, 2000))
	}
	for n := 1; n <= p.pages && p.err == nil; n++ {
		if p.err = p.pdf.SetPage(n); p.err != nil {
			return
		}
		number := fmt.Sprintf(p.words.page, n, p.pages)
		p.text(pageWidth-side-p.fonts.regular.measure(number, 8), pageHeight-30, number, &p.fonts.regular, 8, dimmed)
	}
}

// note says something about the document itself. It stands below the last page
// where there may be no more.
func (p *paper) note(text string) {
	if p.full {
		p.text(side, bottom+8, p.fonts.regular.fit(p.clean(strings.Join(strings.Fields(text), " ")), 8, room), &p.fonts.regular, 8, dimmed)
		return
	}
	p.y += 8
	p.paragraph([]span{{text: text}}, side, room, 8, dimmed, 12)
}

func (p *paper) section(s *Section) {
	p.y += 14
	chart := p.chart(s)
	together := 64. // a title is not left alone at a page's end
	if chart != nil && s.Text == "" && s.Since.IsZero() {
		together = min(chart.height+30, bottom-top)
	}
	if !p.need(together) {
		return
	}
	if s.Title != "" {
		p.paragraph([]span{{text: models.Clip(s.Title, 500), bold: true}}, side, room, 12.5, ink, 3)
		p.y += 3
	}
	p.blocks(markdown(s.Text))
	if s.Failed != "" {
		p.paragraph([]span{{text: models.Clip(s.Failed, 1000)}}, side, room, 9.5, failed, 8)
	}
	p.changes(s)
	if s.Rows == nil || s.Failed != "" {
		return
	}
	if chart != nil {
		p.picture(chart)
	}
	switch most := min(maxTable, p.rows); {
	case chart != nil && s.single():
	case chart != nil:
		p.table(s, min(maxCharted, most))
	default:
		p.table(s, most)
	}
}

func (p *paper) changes(s *Section) {
	if s.Since.IsZero() {
		return
	}
	since := p.words.stamp(s.Since, p.d.zone())
	p.y += 2
	if len(s.Changes) == 0 {
		p.paragraph([]span{{text: fmt.Sprintf(p.words.unchanged, since)}}, side, room, 9, dimmed, 2)
		return
	}
	if !p.need(30) {
		return
	}
	p.paragraph([]span{{text: fmt.Sprintf(p.words.changed, since), bold: true}}, side, room, 9, dimmed, 2)
	for _, c := range s.Changes[:min(len(s.Changes), 2*maxSaid)] {
		p.marked("•", []span{{text: models.Clip(c.Text, 600)}}, 0, 9.5)
	}
	p.y += 3
}

// marked draws a paragraph with a mark before it.
func (p *paper) marked(mark string, spans []span, level int, size float64) {
	left := side + 14*float64(level+1)
	if !p.need(size * leading) {
		return
	}
	p.text(left-11, p.y+size, mark, &p.fonts.regular, size, dimmed)
	p.paragraph(spans, left, pageWidth-side-left, size, ink, 1000)
}

func (p *paper) blocks(blocks []block) {
	for _, b := range blocks {
		if p.over() {
			return
		}
		switch b.kind {
		case rule:
			if p.need(12) {
				p.line(p.y+5, faint, .5)
				p.y += 10
			}
		case heading:
			size := max(12-float64(b.level), 9.5)
			for i := range b.spans {
				b.spans[i].bold = true
			}
			if p.need(4 * size) {
				p.y += 3
				p.paragraph(b.spans, side, room, size, ink, 1000)
				p.y += 1
			}
		case item:
			p.marked(b.marker, b.spans, b.level, 9.5)
		case quote, code:
			p.paragraph(b.spans, side+14, room-14, 9, dimmed, 1000)
			p.y += 5
		default:
			p.paragraph(b.spans, side, room, 9.5, ink, 1000)
			p.y += 5
		}
	}
}

// leading is how far lines are apart, in sizes of their font.
const leading = 1.38

// paragraph writes a text into a column, at most so many lines of it.
func (p *paper) paragraph(spans []span, x, width, size float64, c colour, most int) {
	lines := p.wrap(spans, width, size)
	for i, l := range lines {
		if i >= most || !p.need(size*leading) {
			return
		}
		if i == most-1 && len(lines) > most {
			l = append(l, span{text: "…"})
		}
		at := x
		for _, s := range l {
			f := p.face(s)
			end := f.measure(s.text, size)
			paint := c
			if s.link != "" {
				paint = linked
				p.pdf.AddExternalLink(s.link, at, p.y, end, size*leading)
			}
			p.text(at, p.y+size, s.text, f, size, paint)
			at += end
		}
		p.y += size * leading
	}
}

func (p *paper) face(s span) *face {
	if s.bold {
		return &p.fonts.bold
	}
	return &p.fonts.regular
}

// wrap breaks a text into lines between its words, and within those that are
// wider than a line.
func (p *paper) wrap(spans []span, width, size float64) (lines [][]span) {
	var line []span
	used := 0.
	end := func() {
		lines = append(lines, line)
		line, used = nil, 0
	}
	add := func(s span, text string) {
		if n := len(line); n > 0 && line[n-1].bold == s.bold && line[n-1].link == s.link {
			line[n-1].text += text
		} else {
			s.text = text
			line = append(line, s)
		}
		used += p.face(s).measure(text, size)
	}
	gap := false // before the next word
	for _, s := range spans {
		f := p.face(s)
		for n, part := range strings.Split(s.text, "\n") {
			if n > 0 {
				end()
				gap = false
			}
			part = p.clean(part)
			gap = gap || strings.HasPrefix(part, " ")
			for _, word := range strings.Fields(part) {
				space := 0.
				if gap && len(line) > 0 {
					space = f.measure(" ", size)
				}
				long := f.measure(word, size)
				if len(line) > 0 && used+space+long > width {
					end()
					space = 0
				}
				for long > width {
					some := f.prefix(word, size, width)
					add(s, word[:some])
					end()
					word = word[some:]
					long = f.measure(word, size)
				}
				if space > 0 {
					word = " " + word
				}
				add(s, word)
				gap = true
			}
			gap = gap && strings.HasSuffix(part, " ")
		}
	}
	if len(line) > 0 {
		end()
	}
	return lines
}

// drawing is a chart with the size at which it is shown, in points.
type drawing struct {
	png           []byte
	width, height float64
}

// A chart leaves room for another on its page; one number needs less.
const chartWidth, singleWidth = 450., 320.

// chart draws the section's chart; nil where it has none that can be drawn.
func (p *paper) chart(s *Section) *drawing {
	raw, err := s.picture(p.d.Locale)
	if err != nil || raw == nil {
		return nil // the rows say the same
	}
	config, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil || p.pictures+len(raw) > maxPictures {
		return nil
	}
	p.pictures += len(raw)
	width := chartWidth
	if s.single() {
		width = singleWidth
	}
	return &drawing{raw, width, width * float64(config.Height) / float64(config.Width)}
}

func (p *paper) picture(d *drawing) {
	if !p.need(d.height + 6) {
		return
	}
	holder, err := gopdf.ImageHolderByBytes(d.png)
	if err == nil {
		err = p.pdf.ImageByHolder(holder, side, p.y, &gopdf.Rect{W: d.width, H: d.height})
	}
	if err != nil {
		p.err = err
		return
	}
	p.y += d.height + 6
}

// webAddress is an address that may be linked to; "" for any other.
func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(text) > 2000 {
		return ""
	}
	for i := range len(text) { // what u writes is escaped, but for its host
		if text[i] <= ' ' || text[i] >= 0x7f {
			u.Host = ""
		}
	}
	if u.Host == "" {
		return ""
	}
	return u.String()
}
