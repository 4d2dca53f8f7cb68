package sqlguard

import (
	"math"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Bounds on literal arguments that ask for absurd amounts. They catch slips
// early with a sentence; the session's time and byte limits hold in any case.
const (
	maxSeries = 10_000_000
	maxRepeat = 1_000_000
)

// checkCost looks at literal sizes only; computed ones are left to the limits
// of the session.
func checkCost(name string, args []*pg.Node) *Refusal {
	switch name {
	case "generate_series":
		return checkSeries(args)
	case "repeat", "lpad", "rpad", "array_fill":
		if len(args) > 1 {
			if n, ok := number(args[1]); ok && n > maxRepeat {
				return refuse(CodeTooCostly, "%s() with a length of %.0f makes a value too large to use; the limit is %d.", name, n, maxRepeat)
			}
		}
	}
	return nil
}

func checkSeries(args []*pg.Node) *Refusal {
	if len(args) < 2 {
		return nil
	}
	start, ok1 := number(args[0])
	stop, ok2 := number(args[1])
	step := 1.0
	if len(args) > 2 {
		var ok bool
		if step, ok = number(args[2]); !ok {
			return nil
		}
	}
	if !ok1 || !ok2 || step == 0 {
		return nil
	}
	if n := (stop - start) / step; n > maxSeries {
		return refuse(CodeTooCostly, "generate_series() would make %.0f rows; the limit is %d.", math.Floor(n)+1, maxSeries)
	}
	return nil
}

// number reads a literal, also one with a sign or a cast.
func number(n *pg.Node) (float64, bool) {
	if cast := n.GetTypeCast(); cast != nil {
		return number(cast.GetArg())
	}
	if e := n.GetAExpr(); e != nil && e.GetLexpr() == nil && len(e.GetName()) == 1 && e.GetName()[0].GetString_().GetSval() == "-" {
		v, ok := number(e.GetRexpr())
		return -v, ok
	}
	c := n.GetAConst()
	switch {
	case c == nil || c.GetIsnull():
		return 0, false
	case c.GetFval() != nil:
		v, err := strconv.ParseFloat(c.GetFval().GetFval(), 64)
		return v, err == nil
	case c.GetIval() != nil:
		return float64(c.GetIval().GetIval()), true
	case c.GetSval() != nil:
		v, err := strconv.ParseFloat(c.GetSval().GetSval(), 64)
		return v, err == nil
	}
	return 0, false
}
