package report

import (
	"bytes"
	"compress/zlib"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var streams = regexp.MustCompile(`(?s)(<<[^>]*>>)\s*stream\n(.*?)\nendstream`)

// drawn is what a PDF draws, in PDF's own words.
func drawn(t *testing.T, pdf []byte) string {
	t.Helper()
	var b strings.Builder
	for _, m := range streams.FindAllSubmatch(pdf, -1) {
		if !bytes.Contains(m[1], []byte("FlateDecode")) || bytes.Contains(m[1], []byte("Length1")) || bytes.Contains(m[1], []byte("/Image")) {
			continue
		}
		r, err := zlib.NewReader(bytes.NewReader(m[2]))
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		b.Write(raw)
	}
	return b.String()
}

func TestAReportAsPDF(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de"} {
		d := dashboard(locale)
		begun := time.Now()
		first, err := PDF(t.Context(), d)
		require.NoError(t, err)
		t.Log(locale, len(first), time.Since(begun))
		kept(t, "dashboard-"+locale+".pdf", first)
		second, err := PDF(t.Context(), dashboard(locale))
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, second), "a second try gives the same bytes")
		require.Less(t, len(first), 2<<20)
		require.Equal(t, 10, bytes.Count(first, []byte("/Subtype /Image")), "a picture for each chart")
		require.Contains(t, string(first), "(https://data.example.com/ledger)")
	}
}

// operator is what the library writes: text as numbers of glyphs, nothing else of
// a text.
var operator = regexp.MustCompile(`^([-\d. ]* (TD|w|RG|rg|re|re f|l|l S|m|cm|m .* l S?)|/F\d+ [\d.]+ Tf [\d.]+ Tc|\[<[0-9A-F]*>\] TJ|BT|ET|[qQ]|[-\d. ]*cm /I\d+ Do|[-\d. ]* re [fS]|[-\d. ]* m [-\d. ]* l S|)$`)

func requireOnlyGlyphs(t *testing.T, pdf []byte) {
	t.Helper()
	for line := range strings.SplitSeq(drawn(t, pdf), "\n") {
		if !operator.MatchString(strings.TrimSpace(line)) {
			t.Fatalf("drawn: %q", line)
		}
	}
}

// What stands in a report is drawn as glyphs: it never gets to be an operator, an
// object or an action.
func TestHostileTextsAreText(t *testing.T) {
	t.Parallel()
	d := hostile()
	begun := time.Now()
	raw, err := PDF(t.Context(), d)
	require.NoError(t, err)
	t.Log(len(raw), time.Since(begun))
	kept(t, "hostile.pdf", raw)
	for _, word := range []string{"/JavaScript", "/JS", "owned", "javascript:"} {
		require.NotContains(t, string(raw), word)
	}
	requireOnlyGlyphs(t, raw)
	require.Equal(t, strings.Count(string(raw), "\nendobj"), strings.Count(string(raw), " 0 obj\n"), "objects are those that were made")
}

func TestAPDFIsBounded(t *testing.T) {
	t.Parallel()
	rows := rowsOf([]string{"a text", "b number"})
	for i := range 2000 {
		rows.Rows = append(rows.Rows, []any{strings.Repeat("word ", 400), float64(i)})
	}
	d := Document{Title: "Large", At: time.Unix(0, 0)}
	for range 80 {
		d.Sections = append(d.Sections, Section{Title: "Part", Text: strings.Repeat("many words ", 1800), Rows: rows, Total: 100_000})
	}
	begun := time.Now()
	raw, err := PDF(t.Context(), d)
	require.NoError(t, err)
	t.Log(len(raw), time.Since(begun))
	require.LessOrEqual(t, bytes.Count(raw, []byte("/Type /Page\n")), maxPages)
	require.Less(t, len(raw), models.MaxArtifact)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = PDF(ctx, d)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAnEmptyReportIsAPage(t *testing.T) {
	t.Parallel()
	raw, err := PDF(t.Context(), Document{})
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(raw, []byte("/Type /Page\n")))
}

func TestOnlyWebAddressesAreLinks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://a.example/b?c=1&d=(2)": "https://a.example/b?c=1&d=(2)", "javascript:alert(1)": "", "file:///etc/passwd": "", "http://": "", "": "",
		"https://a.example/\n)": "", "HTTPS://A.example": "https://A.example", "//a.example": "", "data:text/html,x": "",
	} {
		require.Equal(t, want, webAddress(text), text)
	}
}

func FuzzPDF(f *testing.F) {
	for _, text := range hostiles {
		f.Add(text, text, 1.5)
	}
	f.Fuzz(func(t *testing.T, text, cell string, n float64) {
		d := Document{Title: text, Subtitle: cell, Link: text, LinkText: cell, Footer: text, Sections: []Section{
			{Title: cell, Text: text, Rows: rowsOf([]string{cell + " " + cell, "n number", "t timestamp", "x"}, []any{cell, n, text, nil}, []any{text, text}), Changes: []Change{{Text: text}}, Since: time.Unix(1, 0),
				Chart: &models.ChartSpec{Type: models.ChartBar, X: "n", Y: []string{"x"}}},
			{Failed: text}}}
		raw, err := PDF(t.Context(), d)
		require.NoError(t, err)
		again, err := PDF(t.Context(), d)
		require.NoError(t, err)
		require.True(t, bytes.Equal(raw, again))
		require.NotContains(t, string(raw), "/JavaScript")
		requireOnlyGlyphs(t, raw)
	})
}
