package report

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"github.com/signintech/gopdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// face is a font with how wide its characters are. Liberation Sans has Latin,
// Greek, Cyrillic and Hebrew, and figures of one width.
type face struct {
	family string
	units  float64
	width  map[rune]int
}

// fonts are read once: they are the same for all documents.
type fonts struct {
	regular, bold face
	container     gopdf.FontContainer
}

var loadFonts = sync.OnceValues(func() (*fonts, error) {
	f := &fonts{}
	for _, one := range []struct {
		face   *face
		family string
		ttf    []byte
	}{{&f.regular, "regular", liberationsansregular.TTF}, {&f.bold, "bold", liberationsansbold.TTF}} {
		read, err := readFace(one.family, one.ttf)
		if err == nil {
			err = f.container.AddTTFFontDataWithOption(one.family, one.ttf, gopdf.TtfOption{})
		}
		if err != nil {
			return nil, fmt.Errorf("report: read the font %s: %w", one.family, err)
		}
		*one.face = read
	}
	return f, nil
})

func readFace(family string, ttf []byte) (face, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return face{}, err
	}
	f := face{family: family, units: float64(parsed.UnitsPerEm()), width: map[rune]int{}}
	var buffer sfnt.Buffer
	for r := ' '; r <= 0xffff; r++ {
		glyph, err := parsed.GlyphIndex(&buffer, r)
		if err != nil || glyph == 0 {
			continue
		}
		advance, err := parsed.GlyphAdvance(&buffer, glyph, fixed.I(int(parsed.UnitsPerEm())), font.HintingNone)
		if err != nil {
			return face{}, err
		}
		f.width[r] = advance.Round()
	}
	return f, nil
}

// measure is how wide a text is, in points.
func (f *face) measure(text string, size float64) float64 {
	n := 0
	for _, r := range text {
		n += f.width[r]
	}
	return float64(n) * size / f.units
}

// fit cuts a text to a width; one that was cut ends with "…".
func (f *face) fit(text string, size, width float64) string {
	most := width * f.units / size
	dots, n, end := float64(f.width['…']), 0., 0
	for i, r := range text {
		if n+dots <= most {
			end = i // as far as the dots still find room
		}
		if n += float64(f.width[r]); n > most {
			if end == 0 {
				return ""
			}
			return strings.TrimRight(text[:end], " ") + "…"
		}
	}
	return text
}

// prefix is how many bytes of a text fit into a width, a character at least.
func (f *face) prefix(text string, size, width float64) int {
	most, n := width*f.units/size, 0.
	for i, r := range text {
		if n += float64(f.width[r]); n > most && i > 0 {
			return i
		}
	}
	return len(text)
}

// unwritable stands for a character that the font does not have.
const unwritable = '□'

// clean is what of a text can be written in one line: composed characters, no
// controls, no marks that turn the direction of what follows. lost says that it
// has characters that the font does not.
func (f *fonts) clean(text string) (out string, lost bool) {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
			continue
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r >= 0x1f3fb && r <= 0x1f3ff: // skin
			continue
		}
		if _, ok := f.regular.width[r]; !ok {
			r, lost = unwritable, true
		} else if _, ok := f.bold.width[r]; !ok {
			r, lost = unwritable, true
		}
		b.WriteRune(r)
	}
	return b.String(), lost
}

// visual is a line in the order in which it is seen, from left to right: words of
// scripts that run the other way, with what is between them and the numbers that
// follow, are turned around as one (the rule of UAX #9 for a line that begins on
// the left).
func visual(line string) string {
	if !strings.ContainsFunc(line, backwards) {
		return line
	}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		if !backwards(runes[i]) {
			continue
		}
		end := i + 1
		for n := i + 1; n < len(runes); n++ {
			if backwards(runes[n]) || unicode.IsDigit(runes[n]) {
				end = n + 1
			} else if unicode.IsLetter(runes[n]) {
				break
			}
		}
		turn(runes[i:end])
		i = end - 1
	}
	return string(runes)
}

// backwards says that a character is of a script that runs from right to left.
func backwards(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana)
}

var mirrored = map[rune]rune{'(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«'}

// turn turns a text around, but for its numbers.
func turn(runes []rune) {
	slices.Reverse(runes)
	for i := 0; i < len(runes); i++ {
		if r, ok := mirrored[runes[i]]; ok {
			runes[i] = r
		}
		end := i
		for end < len(runes) && (unicode.IsDigit(runes[end]) || end > i && strings.ContainsRune(".,:/", runes[end]) && end+1 < len(runes) && unicode.IsDigit(runes[end+1])) {
			end++
		}
		if end > i {
			slices.Reverse(runes[i:end])
			i = end - 1
		}
	}
}
