package eval

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const maxRows = 5000

// run returns a query's cells as text that compares across types.
func run(ctx context.Context, db *pgx.Conn, sql string) ([][]string, int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	rows, err := db.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	n := len(rows.FieldDescriptions())
	var out [][]string
	for rows.Next() {
		vals, err := rows.Values()
		if err != nil {
			return nil, 0, err
		}
		row := make([]string, len(vals))
		for i, v := range vals {
			row[i] = cell(v)
		}
		if len(out) < maxRows {
			out = append(out, row)
		}
	}
	return out, n, rows.Err()
}

func cell(v any) string {
	switch x := v.(type) {
	case nil:
		return "∅"
	case time.Time:
		if x.Hour() == 0 && x.Minute() == 0 && x.Second() == 0 {
			return x.Format("2006-01-02")
		}
		return x.Format("2006-01-02 15:04:05.999999")
	case pgtype.Numeric:
		f, err := x.Float64Value()
		if err == nil {
			return six(f.Float64)
		}
	case float64:
		return six(x)
	case float32:
		return six(float64(x))
	case int64, int32, int16, int:
		f, _ := strconv.ParseFloat(fmt.Sprint(x), 64)
		return six(f)
	case string:
		return strings.TrimRight(x, " ")
	}
	return fmt.Sprint(v)
}

func six(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

func bag(rows [][]string, cols []int, distinct bool) string {
	var out []string
	for _, r := range rows {
		var b []string
		for _, c := range cols {
			b = append(b, r[c])
		}
		out = append(out, strings.Join(b, "\x1f"))
	}
	sort.Strings(out)
	if distinct {
		k := 0
		for i, s := range out {
			if i == 0 || s != out[i-1] {
				out[k] = s
				k++
			}
		}
		out = out[:k]
	}
	return strings.Join(out, "\x1e")
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// matches reports whether some choice of n predicted columns equals the gold
// rows: as bags (strict, same column count) or as sets (lenient, up to four
// more columns allowed).
func matches(gold [][]string, n int, pred [][]string, m int, lenient bool) bool {
	if !lenient && (n != m || len(gold) != len(pred)) || m < n || m > n+4 || n > 7 {
		return false
	}
	want := bag(gold, seq(n), lenient)
	single := make([]string, n)
	for i := range single {
		single[i] = bag(gold, []int{i}, lenient)
	}
	var pick func(chosen []int) bool
	pick = func(chosen []int) bool {
		k := len(chosen)
		if k == n {
			return bag(pred, chosen, lenient) == want
		}
		for c := range m {
			used := false
			for _, x := range chosen {
				used = used || x == c
			}
			if !used && bag(pred, []int{c}, lenient) == single[k] && pick(append(append([]int{}, chosen...), c)) {
				return true
			}
		}
		return false
	}
	return pick(nil)
}
