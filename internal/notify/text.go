package notify

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// plain is a message as text, the rows as a table of fixed width, at most so
// many characters. The link stays: there is all that was cut.
func plain(m models.Message, most int) string {
	var end strings.Builder
	if m.Link != "" {
		end.WriteString("\n\n" + linkText(m) + ": " + m.Link)
	}
	var b strings.Builder
	if m.Text != "" {
		b.WriteString(m.Text + "\n")
	}
	if len(m.Facts) > 0 {
		b.WriteString("\n")
		for _, f := range m.Facts {
			b.WriteString(f.Name + ": " + f.Value + "\n")
		}
	}
	if t := table(m.Columns, m.Rows, 100); t != "" {
		b.WriteString("\n" + t + "\n")
		if m.More > 0 {
			b.WriteString(more(m.More) + "\n")
		}
	}
	if len(m.Sections) > 0 {
		b.WriteString(sectionsText(m, most-1000))
	}
	if m.Footer != "" {
		b.WriteString("\n" + m.Footer + "\n")
	}
	return models.Clip(strings.TrimSpace(b.String()), max(most-utf8.RuneCountInString(end.String()), 1)) + end.String()
}

func linkText(m models.Message) string {
	if m.LinkText != "" {
		return m.LinkText
	}
	return "Open in DataMind"
}

func more(n int) string {
	if n == 1 {
		return "… and 1 more row"
	}
	return "… and " + strconv.Itoa(n) + " more rows"
}

// widest is how wide a column of a text table gets.
const widest = 28

// table writes the rows with fixed widths: numbers to the right, and as many
// columns as fit into so many characters. "" where there are no rows.
func table(names []string, rows [][]string, most int) string {
	if len(names) == 0 || len(rows) == 0 {
		return ""
	}
	lines := append([][]string{names}, rows...)
	var widths []int
	var right []bool
	total := 0
	for c := range names {
		width, numbers := 1, true
		for i, line := range lines {
			text := cell(line, c)
			width = max(width, min(columns(text), widest))
			numbers = numbers && (i == 0 || text == "" || text == null || number(text))
		}
		if total += width + 2; total > most && c > 0 {
			break
		}
		widths, right = append(widths, width), append(right, numbers)
	}
	var b strings.Builder
	for i, line := range lines {
		var out strings.Builder
		for c, width := range widths {
			text := fit(cell(line, c), width)
			pad := strings.Repeat(" ", max(width-columns(text), 0))
			if right[c] {
				out.WriteString(pad + text)
			} else {
				out.WriteString(text + pad)
			}
			out.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
		if i == 0 {
			for c, width := range widths {
				if c > 0 {
					b.WriteString("  ")
				}
				b.WriteString(strings.Repeat("─", width))
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// null is how reports write a cell that has no value; it is no word among numbers.
const null = "null"

// cell is a cell in one line.
func cell(line []string, c int) string {
	if c >= len(line) {
		return ""
	}
	return oneLine(line[c])
}

// oneLine is a text without line breaks and other control characters, among
// them those that turn the direction of what follows.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// columns is how wide a text is in a font of fixed width: East Asian
// characters and emoji take two places.
func columns(text string) (n int) {
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r), r == 0x200d, r >= 0xfe00 && r <= 0xfe0f:
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd):
			n += 2
		default:
			n++
		}
	}
	return n
}

// fit cuts a text to a width.
func fit(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	n := 0
	for i, r := range text {
		w := columns(string(r))
		if n+w > width-1 {
			return text[:i] + "…"
		}
		n += w
	}
	return text
}

// number says that a cell is written as a number, an amount or a share.
func number(text string) bool {
	digits := strings.Trim(text, "+-−%€$£¥ ")
	return digits != "" && strings.Trim(digits, "0123456789.,' \u00a0\u202f") == ""
}

// icon says a severity in one character, for services whose messages have no colour.
func icon(severity string) string {
	switch severity {
	case models.SeverityCritical:
		return "🔴"
	case models.SeverityWarning:
		return "🟠"
	case models.SeverityResolved:
		return "✅"
	}
	return "🔵"
}

// colour is a severity's, as 0xRRGGBB.
func colour(severity string) int {
	switch severity {
	case models.SeverityCritical:
		return 0xc92a2a
	case models.SeverityWarning:
		return 0xe8590c
	case models.SeverityResolved:
		return 0x2f9e44
	}
	return 0x1971c2
}
