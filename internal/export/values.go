package export

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"unsafe"
)

// text lends bytes as a string to functions that keep nothing of it.
func text(v []byte) string { return unsafe.String(unsafe.SliceData(v), len(v)) }

// integer reads a whole number of at most 18 digits.
func integer(v []byte) (n int64, ok bool) {
	d := v
	if len(d) > 0 && d[0] == '-' {
		d = d[1:]
	}
	if len(d) == 0 || len(d) > 18 || digits(d) < len(d) {
		n, err := strconv.ParseInt(text(v), 10, 64)
		return n, err == nil
	}
	for _, c := range d {
		n = n*10 + int64(c-'0')
	}
	if v[0] == '-' {
		n = -n
	}
	return n, true
}

// unscaled reads a decimal as a whole number of units of 10^-scale. PostgreSQL
// sends a column's numbers with the digits that its scale has.
func unscaled(v []byte, scale int) (n int64, ok bool) {
	negative := len(v) > 0 && v[0] == '-'
	if negative {
		v = v[1:]
	}
	point := -1
	for i, c := range v {
		switch {
		case c == '.' && point < 0:
			point = i
		case c < '0' || c > '9':
			return 0, false
		default:
			n = n*10 + int64(c-'0')
		}
	}
	places := 0
	if point >= 0 {
		places = len(v) - point - 1
	}
	if places != scale || len(v) == 0 {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// unscaledBig is unscaled for numbers of any length, in two's complement of
// size bytes, the highest first.
func unscaledBig(dst, v []byte, scale int) bool {
	point := bytes.IndexByte(v, '.')
	places := 0
	if point >= 0 {
		places = len(v) - point - 1
		v = append(bytes.Clone(v[:point]), v[point+1:]...)
	}
	n, ok := new(big.Int).SetString(string(v), 10)
	if !ok || places != scale || n.BitLen() >= 8*len(dst) {
		return false
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(dst))))
	}
	n.FillBytes(dst)
	return true
}

// float reads a number as the nearest float64.
func float(v []byte) (float64, bool) {
	f, err := strconv.ParseFloat(text(v), 64)
	return f, err == nil
}

// infinite tells the two infinities of dates and times: +1, -1, or 0 for neither.
func infinite(v []byte) int {
	switch string(v) {
	case "infinity":
		return 1
	case "-infinity":
		return -1
	}
	return 0
}

// date reads 2026-01-31 or 0044-03-15 BC as days since 1970-01-01, and returns
// what follows it.
func date(v []byte) (days int64, rest []byte, ok bool) {
	year := digits(v)
	if year < 4 || len(v) < year+6 || v[year] != '-' || v[year+3] != '-' {
		return 0, nil, false
	}
	y, _ := integer(v[:year])
	m, okM := two(v[year+1:])
	d, okD := two(v[year+4:])
	rest = v[year+6:]
	if bytes.HasSuffix(rest, []byte(" BC")) {
		y, rest = 1-y, rest[:len(rest)-3]
	}
	return daysFrom(y, m, d), rest, okM && okD
}

func two(v []byte) (int64, bool) {
	if len(v) < 2 || v[0] < '0' || v[0] > '9' || v[1] < '0' || v[1] > '9' {
		return 0, false
	}
	return int64(v[0]-'0')*10 + int64(v[1]-'0'), true
}

// daysFrom counts days since 1970-01-01 in the proleptic Gregorian calendar
// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
func daysFrom(y, m, d int64) int64 {
	if m <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yearOfEra := y - era*400
	dayOfYear := (153*((m+9)%12)+2)/5 + d - 1
	return era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

// clock reads 12:00:00.5 as microseconds, and returns what follows it.
func clock(v []byte) (micros int64, rest []byte, ok bool) {
	if len(v) < 8 || v[2] != ':' || v[5] != ':' {
		return 0, nil, false
	}
	h, okH := two(v)
	m, okM := two(v[3:])
	s, okS := two(v[6:])
	micros, rest = ((h*60+m)*60+s)*1_000_000, v[8:]
	if len(rest) > 0 && rest[0] == '.' {
		n, unit := digits(rest[1:]), int64(100_000)
		for _, c := range rest[1 : 1+min(n, 6)] {
			micros += int64(c-'0') * unit
			unit /= 10
		}
		rest = rest[1+n:]
	}
	return micros, rest, okH && okM && okS
}

const dayMicros = 24 * 60 * 60 * 1_000_000

// moment reads a timestamp, with +00 or without a zone, as microseconds since
// 1970-01-01.
func moment(v []byte) (micros int64, ok bool) {
	bc := bytes.HasSuffix(v, []byte(" BC"))
	space := bytes.IndexByte(v, ' ')
	if space < 0 {
		return 0, false
	}
	day := v[:space]
	if bc {
		day = append(bytes.Clone(day), " BC"...)
		v = v[:len(v)-3]
	}
	days, rest, ok := date(day)
	if !ok || len(rest) > 0 {
		return 0, false
	}
	at, rest, ok := clock(v[space+1:])
	if !ok || len(rest) > 0 && string(rest) != "+00" || days > math.MaxInt64/dayMicros || days < math.MinInt64/dayMicros {
		return 0, false
	}
	return days*dayMicros + at, true
}

// unhex reads bytea's \x00ff.
func unhex(dst, v []byte) ([]byte, bool) {
	if len(v) < 2 || v[0] != '\\' || v[1] != 'x' || len(v)%2 != 0 {
		return dst, false
	}
	for i := 2; i < len(v); i += 2 {
		high, low := nibble(v[i]), nibble(v[i+1])
		if high > 15 || low > 15 {
			return dst, false
		}
		dst = append(dst, high<<4|low)
	}
	return dst, true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
