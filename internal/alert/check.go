package alert

import (
	"math"
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// Check says what is wrong with a condition and a rule, with the code CodeCondition.
func Check(c *models.AlertCondition, rule *models.AlertRule) error {
	bad := func(text string, args ...any) error { return models.Errorf(models.CodeCondition, text, args...) }
	one := func(value string, of ...string) bool { return value == "" || slices.Contains(of, value) }
	ordered := []string{models.OpAbove, models.OpAtLeast, models.OpBelow, models.OpAtMost}
	if math.IsNaN(c.Limit) || math.IsInf(c.Limit, 0) {
		return bad("The limit is not a number.")
	}
	switch c.Kind {
	case models.ConditionThreshold:
		if !one(c.Op, append(ordered, models.OpEqual, models.OpNotEqual)...) {
			return bad("A threshold compares by above, at_least, below, at_most, equal or not_equal.")
		}
		if c.Clear != nil && !hysteresis(cmpOp(c.Op), c.Limit, *c.Clear) {
			return bad("The value at which it is over must lie on the good side of the limit.")
		}
	case models.ConditionChange, models.ConditionBand:
		if !one(c.Op, models.OpAbove, models.OpBelow, models.OpEither) {
			return bad("Changes and bands look above, below or at either side.")
		}
		if c.Limit < 0 || c.Kind == models.ConditionChange && c.Limit == 0 {
			return bad("Say by how much: a number above 0.")
		}
		if c.Clear != nil && (*c.Clear < 0 || *c.Clear > c.Limit && c.Limit > 0) {
			return bad("It can only be over at a smaller change than the one that fires.")
		}
		if !one(c.Against, models.AgainstPrevious, models.AgainstWeekday, models.AgainstMonthYear) {
			return bad("A change is against previous, weekday or month_year.")
		}
		if c.Rows == models.RowsAny || c.Rows == models.RowsAll {
			return bad("Changes and bands look at one value, or at each key.")
		}
	case models.ConditionFreshness:
		if c.Limit <= 0 {
			return bad("Say after how many seconds the data is too old.")
		}
		if c.Clear != nil && *c.Clear > c.Limit {
			return bad("It can only be over at a smaller age than the one that fires.")
		}
	case models.ConditionRows, models.ConditionFailure:
	default:
		return bad("There is no such kind of condition.")
	}
	if !one(string(c.Rows), "first", "last", "any", "all", "each", "count") || !one(c.Empty, "unknown", "ok", "breach") || !one(c.Change, "new", "missing") {
		return bad("The condition has a word that is not known.")
	}
	for _, w := range rule.Mute {
		for _, at := range []string{w.From, w.To} {
			if _, err := time.Parse("15:04", at); err != nil {
				return bad("A mute window's times have the form 08:30.")
			}
		}
		if slices.ContainsFunc(w.Days, func(d int) bool { return d < 0 || d > 6 }) {
			return bad("A mute window's days are 0 (Sunday) to 6 (Saturday).")
		}
	}
	return nil
}

func hysteresis(op string, limit, clear float64) bool {
	switch op {
	case models.OpAbove, models.OpAtLeast:
		return clear <= limit
	case models.OpBelow, models.OpAtMost:
		return clear >= limit
	}
	return false
}
