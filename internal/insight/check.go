package insight

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

const months = `January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec`

var (
	isoDate   = regexp.MustCompile(`\b\d{4}-\d{2}(?:-\d{2})?(?:[T ]\d{2}:\d{2}(?::\d{2})?)?`)
	monthDay  = regexp.MustCompile(`\b(` + months + `)\.? (\d{1,2})(?:st|nd|rd|th)?\b(?:,? (\d{4})\b)?`)
	monthYear = regexp.MustCompile(`\b(` + months + `)\.? (\d{4})\b`)
	numeral   = regexp.MustCompile(`(?:[-−+]\s?)?[$€£¥]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?(?:\s?%|\s(?:percent|per cent|thousand|million|billion)\b|(?:K|k|M|m|bn|B)\b)?`)
)

type token struct {
	start, end, decimals int
	value, scale         float64
	percent              bool
	date                 *time.Time
	day                  bool
}

// CheckNumbers looks up each number of text among the cells, the row count,
// the facts and extra (numbers of the question). A number is proven when it
// equals one of them rounded to the digits shown; a percentage may be a
// ratio's. Offsets are byte offsets into text.
func CheckNumbers(text string, rows *models.Rows, facts []models.Fact, extra []float64) []models.NumberCheck {
	if rows == nil {
		rows = &models.Rows{}
	}
	p := newProof(text, rows, facts, extra)
	out := []models.NumberCheck{}
	for _, t := range tokens(text) {
		c := models.NumberCheck{Text: text[t.start:t.end], Start: t.start, End: t.end, Value: t.value}
		p.prove(t, &c)
		out = append(out, c)
	}
	return out
}

// QuestionNumbers returns the numbers a person wrote, for CheckNumbers' extra.
func QuestionNumbers(question string) []float64 {
	var out []float64
	for _, t := range tokens(question) {
		if t.date != nil {
			out = append(out, float64(t.date.Year()))
		}
		out = append(out, t.value)
	}
	return out
}

func tokens(text string) []token {
	var out []token
	taken := make([]bool, len(text))
	add := func(t token) {
		for i := t.start; i < t.end; i++ {
			taken[i] = true
		}
		out = append(out, t)
	}
	for _, m := range isoDate.FindAllStringIndex(text, -1) {
		s := text[m[0]:m[1]]
		layout, day := "2006-01", false
		if len(s) >= 10 {
			layout, day, s = "2006-01-02", true, s[:10]
		}
		if d, err := time.Parse(layout, s); err == nil {
			add(token{start: m[0], end: m[1], date: &d, day: day, value: float64(d.Year())})
		}
	}
	for _, m := range monthYear.FindAllStringSubmatchIndex(text, -1) {
		if d, err := time.Parse("Jan 2006", text[m[2]:m[3]][:3]+" "+text[m[4]:m[5]]); err == nil && !taken[m[0]] {
			add(token{start: m[4], end: m[5], date: &d, value: float64(d.Year())})
		}
	}
	for _, m := range monthDay.FindAllStringSubmatchIndex(text, -1) {
		if taken[m[4]] || m[6] < 0 {
			continue
		}
		if d, err := time.Parse("Jan 2 2006", text[m[2]:m[3]][:3]+" "+text[m[4]:m[5]]+" "+text[m[6]:m[7]]); err == nil {
			add(token{start: m[4], end: m[7], date: &d, day: true, value: float64(d.Year())})
		}
	}
	for _, m := range numeral.FindAllStringIndex(text, -1) {
		if t, ok := parse(text, m[0], m[1]); ok && !taken[t.start] && !taken[t.end-1] {
			add(t)
		}
	}
	sortTokens(out)
	return out
}

func sortTokens(ts []token) {
	for i := 1; i < len(ts); i++ {
		for j := i; j > 0 && ts[j].start < ts[j-1].start; j-- {
			ts[j], ts[j-1] = ts[j-1], ts[j]
		}
	}
}

// parse reads one numeral. A sign glued to a word before it is a hyphen, and
// digits glued to letters ("Q2", "v3") are part of a name.
func parse(text string, start, end int) (token, bool) {
	s := text[start:end]
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	first, size := utf8.DecodeRuneInString(s)
	signed := first == '-' || first == '−' || first == '+'
	if signed && (unicode.IsLetter(before) || unicode.IsDigit(before) || strings.TrimLeft(s[size:], " ") != s[size:]) {
		trimmed := strings.TrimLeft(s[size:], " ")
		start += len(s) - len(trimmed)
		s, signed, before = trimmed, false, ' '
	}
	if !signed && (unicode.IsLetter(before) || before == '_') {
		return token{}, false
	}
	t := token{start: start, end: end, scale: 1}
	body := strings.TrimLeft(s, "-−+ $€£¥")
	num := strings.TrimRightFunc(body, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	suffix := strings.TrimSpace(body[len(num):])
	switch suffix {
	case "%", "percent", "per cent":
		t.percent = true
	case "K", "k", "thousand":
		t.scale = 1e3
	case "M", "m", "million":
		t.scale = 1e6
	case "bn", "B", "billion":
		t.scale = 1e9
	}
	clean := strings.ReplaceAll(num, ",", "")
	v, err := strconv.ParseFloat(clean, 64)
	if err != nil {
		return token{}, false
	}
	if _, frac, ok := strings.Cut(clean, "."); ok {
		t.decimals = len(frac)
	}
	if signed && first != '+' {
		v = -v
	}
	t.value = v * t.scale
	return t, true
}

// tolerance is half a unit of the last digit shown.
func (t token) tolerance() float64 {
	return 0.5*math.Pow(10, -float64(t.decimals))*t.scale*(1+1e-9) + 1e-9*math.Abs(t.value)*1e-3
}

func (t token) is(v float64) bool { return math.Abs(v-t.value) <= t.tolerance() }
