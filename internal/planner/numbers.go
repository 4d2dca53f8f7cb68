package planner

import (
	"math"
	"strconv"
	"strings"
)

// parseNumber reads "1,200", "1.5k", "3m" and "2bn".
func parseNumber(s string) (float64, bool) {
	s = strings.ReplaceAll(s, ",", "")
	scale := 1.0
	for _, u := range []struct {
		suffix string
		by     float64
	}{{"bn", 1e9}, {"k", 1e3}, {"m", 1e6}} {
		if t, ok := strings.CutSuffix(s, u.suffix); ok {
			s, scale = t, u.by
			break
		}
	}
	if s == "" || s[0] < '0' || s[0] > '9' || len(s) > 30 {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(s, "xXpP_eE") {
		return 0, false
	}
	return v * scale, true
}

func numberSQL(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
