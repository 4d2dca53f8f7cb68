package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextsAreCleanedForTheFont(t *testing.T) {
	t.Parallel()
	f, err := loadFonts()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"Zażółć gęślą jaźń": "Zażółć gęślą jaźń", "Ελληνικά Русский": "Ελληνικά Русский", "e\u0301": "é", "a\u202eb\u2066c": "abc", "a\tb\nc\u00a0d": "a b c d", "a\x00\x1bb": "ab",
		"1\u00ad2": "12", "→ − ≤ € ½ …": "→ − ≤ € ½ …",
	} {
		got, lost := f.clean(text)
		require.Equal(t, want, got)
		require.False(t, lost, text)
	}
	for text, want := range map[string]string{"東京": "□□", "🎉!": "□!", "\xff": "□", "👧🏽": "□"} {
		got, lost := f.clean(text)
		require.Equal(t, want, got)
		require.True(t, lost, text)
	}
}

func TestTextIsFitted(t *testing.T) {
	t.Parallel()
	f, err := loadFonts()
	require.NoError(t, err)
	text := "Some words that are too wide"
	for width := 0.; width < 200; width += 3 {
		out := f.regular.fit(text, 10, width)
		require.LessOrEqual(t, f.regular.measure(out, 10), width)
		if out != text && out != "" {
			require.True(t, strings.HasSuffix(out, "…"))
		}
	}
	require.Equal(t, text, f.regular.fit(text, 10, 400))
}

func TestLinesOfOtherDirectionsAreTurned(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"plain (text) 12": "plain (text) 12", "a שלום b": "a םולש b", "שלום עולם 12.5 ok": "12.5 םלוע םולש ok", "x (שלום) 7": "x (7 (םולש", "אב": "בא", "ל3": "3ל",
	} {
		require.Equal(t, want, visual(line), line)
	}
}
