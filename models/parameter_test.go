package models_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestParametersTakeValuesOfTheirType(t *testing.T) {
	t.Parallel()
	p := func(kind models.ParameterType) models.Parameter { return models.Parameter{Name: "x", Type: kind} }
	list := models.Parameter{Name: "x", Type: models.ParameterList, Of: models.ParameterDate}
	for _, test := range []struct {
		parameter models.Parameter
		value     any
		want      []string // nil: refused
	}{
		{p("text"), "' OR 1=1", []string{"' OR 1=1"}}, {p("text"), 1.0, nil}, {p("text"), "a\x00b", nil},
		{p("number"), 12.0, []string{"12"}}, {p("number"), 0.1, []string{"0.1"}}, {p("number"), "12345678901234567890.5", []string{"12345678901234567890.5"}},
		{p("number"), json.Number("1e3"), []string{"1e3"}}, {p("number"), "1; SELECT 2", nil}, {p("number"), "NaN", nil}, {p("number"), true, nil}, {p("number"), "", nil},
		{p("date"), "2026-02-28", []string{"2026-02-28"}}, {p("date"), "2026-02-30", nil}, {p("date"), "28.02.2026", nil}, {p("date"), 1.0, nil},
		{p("timestamp"), "2026-02-28T12:00:00+02:00", []string{"2026-02-28T10:00:00Z"}}, {p("timestamp"), "2026-02-28", []string{"2026-02-28T00:00:00Z"}}, {p("timestamp"), "now", nil},
		{p("boolean"), true, []string{"true"}}, {p("boolean"), "true", nil},
		{p("list"), []any{"a", "b"}, []string{"a", "b"}}, {p("list"), []any{}, nil}, {p("list"), "a", nil}, {p("list"), []any{1.0}, nil},
		{list, []any{"2026-02-28"}, []string{"2026-02-28"}}, {list, []any{"x"}, nil}, {p("money"), "1", nil},
	} {
		got, err := models.BindParameters([]models.Parameter{test.parameter}, map[string]any{"x": test.value})
		if test.want == nil {
			require.Equal(t, models.CodeParameter, models.ErrorCode(err), "%v: %v", test.parameter, test.value)
			require.Contains(t, models.ErrorMessage(err), "parameter x")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.want, got[0].Values)
	}
}

func TestParametersHaveDefaultsAndNames(t *testing.T) {
	t.Parallel()
	all := []models.Parameter{{Name: "a", Type: "number", Default: 5.0}, {Name: "b", Type: "text"}}
	got, err := models.BindParameters(all, map[string]any{"b": "x"})
	require.NoError(t, err)
	require.Equal(t, []models.Argument{{Name: "a", Type: "number", Values: []string{"5"}}, {Name: "b", Type: "text", Values: []string{"x"}}}, got)
	_, err = models.BindParameters(all, nil)
	require.ErrorContains(t, err, "parameter b needs a value")
	_, err = models.BindParameters(all, map[string]any{"b": "x", "c": 1.0})
	require.ErrorContains(t, err, "There is no parameter c")
	require.Error(t, models.CheckParameters(append(all, models.Parameter{Name: "a", Type: "text"})))
	require.Error(t, models.CheckParameters([]models.Parameter{{Name: "1 x", Type: "text"}}))
	require.Error(t, models.CheckParameters([]models.Parameter{{Name: "x", Type: "text", Of: "text"}}))
	require.Equal(t, "a = 5 AND b = 'it''s'", models.InlineArguments("a = {{a}} AND b = {{ b }}",
		[]models.Argument{{Name: "a", Type: "number", Values: []string{"5"}}, {Name: "b", Type: "text", Values: []string{"it's"}}}))
	require.Equal(t, "a = '{{b}}' AND b = ' OR 1=1' AND {{c}}", models.InlineArguments("a = {{a}} AND b = {{b}} AND {{c}}",
		[]models.Argument{{Name: "a", Type: "text", Values: []string{"{{b}}"}}, {Name: "b", Type: "text", Values: []string{" OR 1=1"}}}), "a value is no placeholder")
}
