package sqlguard

import (
	"slices"

	"github.com/datamind/datamind/models"
)

// Placeholders are the names of the parameters that a text has, in their order.
func Placeholders(sql string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(mask(sql), -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// Samples are arguments that stand for parameters whose values are not known yet.
func Samples(parameters []models.Parameter) []models.Argument {
	values := map[models.ParameterType]string{models.ParameterText: "", models.ParameterNumber: "1", models.ParameterDate: "2026-01-31",
		models.ParameterTimestamp: "2026-01-31T12:00:00Z", models.ParameterBoolean: "true"}
	out := make([]models.Argument, 0, len(parameters))
	for _, p := range parameters {
		a := models.Argument{Name: p.Name, Type: p.Type}
		if p.Type == models.ParameterList {
			a.List, a.Type = true, p.Of
			if p.Of == "" {
				a.Type = models.ParameterText
			}
		}
		a.Values = []string{values[a.Type]}
		out = append(out, a)
	}
	return out
}
