package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoCellIsAFormulaInAnyLocale(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Ann": "Ann", "a=b, c-d": "a=b, c-d", `{"name":"x"}`: `{"name":"x"}`, "2026-11-26T05:00:00Z": "2026-11-26T05:00:00Z",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1", " =1": "' =1", "\uff1d1+1": "'\uff1d1+1",
		"Ann;=1+1": "Ann;'=1+1", "Ann\t@x": "Ann\t'@x", "Ann; -1;+2": "Ann;' -1;'+2",
	} {
		require.Equal(t, want, plainCell(text), "%q", text)
	}
}
