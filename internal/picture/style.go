package picture

import (
	"math"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"
)

// The page's colours (web/src/parts/palette.ts and its chart options).
var (
	palette     = colours("#009E73", "#0072B2", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
	shades      = colours("#e8f3ef", "#009E73", "#00402e")
	white       = charts.ColorFromHex("#ffffff")
	ink         = charts.ColorFromHex("#212529")
	dimmed      = charts.ColorFromHex("#5c636a")
	gridColour  = charts.ColorFromHex("#e9ecef")
	axisColour  = charts.ColorFromHex("#adb5bd")
	limitColour = charts.ColorFromHex("#c92a2a")
)

var (
	regular = charts.GetFont(charts.FontFamilyNotoSans)
	bold    = charts.GetFont(charts.FontFamilyNotoSansBold)
	theme   = charts.GetTheme(charts.ThemeLight)

	titleFont = charts.FontStyle{FontSize: points(15), FontColor: ink, Font: regular}
	labelFont = charts.FontStyle{FontSize: points(11.5), FontColor: dimmed, Font: regular}
	valueFont = charts.FontStyle{FontSize: points(11.5), FontColor: ink, Font: regular}
)

// points is a font's size in points for one in pixels of the page: the library
// draws at 92 dots per inch.
func points(px float64) float64 { return px * Scale * 72 / 92 }

func colours(hex ...string) (all []charts.Color) {
	for _, h := range hex {
		all = append(all, charts.ColorFromHex(h))
	}
	return all
}

// pale is a colour with some of it taken away.
func pale(c charts.Color, alpha uint8) charts.Color {
	c.A = alpha
	return c
}

// shade is a colour of the scale from little (0) to much (1).
func shade(share float64) charts.Color {
	share = min(max(share, 0), 1) * float64(len(shades)-1)
	i := min(int(share), len(shades)-2)
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*(share-float64(i))) }
	a, b := shades[i], shades[i+1]
	return charts.Color{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
}

// dark says that white can be read on a colour (its relative luminance, WCAG).
func dark(c charts.Color) bool {
	return 0.2126*float64(c.R)+0.7152*float64(c.G)+0.0722*float64(c.B) < 140
}

// compact writes a number in few characters: 1.2M.
func compact(v float64) string {
	a := math.Abs(v)
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if a >= unit.size && a < 1e15 {
			return places(v/unit.size, 1) + unit.name
		}
	}
	switch {
	case a >= 1e15 || a > 0 && a < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 1:
		return places(v, 2)
	}
	return places(v, 4)
}

// places writes a number with so many decimals at most.
func places(v float64, most int) string {
	text := strconv.FormatFloat(v, 'f', most, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// grouped writes a number in full, its thousands apart.
func grouped(v float64) string {
	if math.Abs(v) >= 1e15 {
		return compact(v)
	}
	most := 2
	if a := math.Abs(v); a > 0 && a < 1 {
		most = 4
	}
	whole, rest, fraction := strings.Cut(places(v, most), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		whole += "." + rest
	}
	return sign + whole
}

// written are the characters of a text that the font has. Where nothing is left
// the text is "": the caller then says which one it is by its number.
func written(text string) string {
	var b strings.Builder
	lost := false
	for _, r := range text {
		if r == '\t' || r == '\n' || r == '\r' || r == 0xa0 {
			r = ' '
		}
		if r < ' ' || r != ' ' && regular.Index(r) == 0 {
			lost = lost || r > ' '
			continue
		}
		b.WriteRune(r)
	}
	out := strings.Join(strings.Fields(b.String()), " ")
	if lost && strings.Trim(out, " ,.;:-–—()[]/|_'\"!?0123456789") == "" && out != text {
		return ""
	}
	return out
}
