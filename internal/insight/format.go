package insight

import (
	"math"
	"strconv"
	"strings"
)

var moneyWords = []string{"revenue", "amount", "price", "cost", "total_spent", "sales", "salary", "payment", "refund", "profit", "margin", "budget", "income", "spend"}

func isMoney(column string) bool {
	c := strings.ToLower(column)
	for _, w := range moneyWords {
		if strings.Contains(c, w) {
			return true
		}
	}
	return false
}

// format writes a number with thousands separators: whole numbers without
// decimals, others with two, small ones with up to four significant digits.
func format(v float64, column string) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return group(strconv.FormatFloat(v, 'f', 0, 64))
	}
	d := 2
	if a := math.Abs(v); a < 0.1 && !isMoney(column) {
		d = 4
	}
	return group(strconv.FormatFloat(v, 'f', d, 64))
}

// plain writes a number as it is, without separators (ids, years).
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, has := strings.Cut(s, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if has {
		b.WriteString("." + frac)
	}
	if strings.Trim(s, "0.") == "" {
		sign = ""
	}
	return sign + b.String()
}
