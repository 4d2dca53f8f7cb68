package alert

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/datamind/datamind/models"
)

// Wish is an alert in words: what to ask, and when to tell.
type Wish struct {
	// Question is what is watched; Of, where it is set, is what it is a percentage of.
	Question  string
	Of        string
	Condition models.AlertCondition
	// Title names what is watched, where that is not the question.
	Title string
	// Cron is a schedule that suits the words.
	Cron string
}

const (
	numeral = `(\$|€|£)?\s*(-?\d[\d,]*(?:\.\d+)?)\s*(k|m|million|thousand|bn|billion)?\b\s*(%|percent|per cent|€|\$|£|euros?|dollars?)?`
	units   = `(minutes?|hours?|days?|weeks?)`
)

var (
	wishPrefix = regexp.MustCompile(`^(?:please\s+)?(?:(?:can|could)\s+you\s+)?(?:tell|alert|notify|warn|ping|e-?mail|message|let)\s+(?:me|us)(?:\s+know)?\s+(?:when(?:ever)?|if|once|as soon as|every time)\s+`)
	wishAbove  = regexp.MustCompile(`^(.+?)\s+(?:exceeds?|surpass(?:es)?|(?:is|are|be|goes?|gets?|rises?|climbs?|grows?|jumps?|reach(?:es)?|has|have|comes?)?\s*(?:above|over|more than|greater than|higher than|larger than|beyond))\s+` + numeral + `(.*)$`)
	wishAtL    = regexp.MustCompile(`^(.+?)\s+(?:(?:is|are|reach(?:es)?|hits?)\s+(?:at least\s+)?|at least\s+)` + numeral + `(.*)$`)
	wishBelow  = regexp.MustCompile(`^(.+?)\s+(?:(?:is|are|be|goes?|gets?|falls?|drops?|sinks?|declines?|comes?)\s+)?(?:below|under|less than|fewer than|lower than|beneath)\s+` + numeral + `(.*)$`)
	wishChange = regexp.MustCompile(`^(.+?)\s+(changes?|moves?|rises?|grows?|increases?|jumps?|climbs?|falls?|drops?|decreases?|declines?|shrinks?)\s+(?:by\s+)?(?:more than\s+|over\s+|at least\s+)?` + numeral + `(.*)$`)
	wishOdd    = regexp.MustCompile(`^(?:there is an?\s+)?(.+?)\s+(?:is|are|looks?|seems?|gets?|becomes?)\s+(unusual(?:ly (?:high|low))?|abnormal(?:ly (?:high|low))?|anomalous|strange|odd|out of the ordinary|outside (?:of )?(?:the|its) (?:usual|normal) range)(.*)$`)
	wishNew    = regexp.MustCompile(`^(?:there (?:is|are)\s+)?(?:an?\s+)?new\s+(.+?)(?:\s+(?:appears?|shows? up|comes? in|arrives?|is added|are added))?$`)
	wishGone   = regexp.MustCompile(`^(?:an?\s+|any\s+|one of the\s+)?(.+?)\s+(?:disappears?|goes? missing|vanish(?:es)?|is gone|are gone|is missing|are missing)$`)
	wishFresh  = regexp.MustCompile(`^(?:(?:there (?:is|are|has been|have been|were)\s+)?no\s+(?:new\s+)?(.+?)\s+(?:for|in|within)|(?:the\s+)?(?:newest|latest|last)\s+(.+?)\s+is older than|(?:the\s+)?data\s+(?:of|in|for)\s+(.+?)\s+is older than|(.+?)\s+(?:is|are) older than)\s+(?:more than\s+|the last\s+)?(\d+)\s+` + units + `$`)
	wishFail   = regexp.MustCompile(`^(?:the |this |my )?query (?:fails|does not work|breaks)$`)
	wishEach   = regexp.MustCompile(`\s+(?:in|for|of|at)\s+(?:any|each|every|one of the|a single|some)\s+([\p{L}_]+)\b|\s+(?:per|by)\s+([\p{L}_]+)\b`)
	wishDated  = regexp.MustCompile(`\b(?:today|yesterday|this|last|since|in \d{4}|days?|weeks?|months?|years?|quarter)\b`)
	wishPeriod = regexp.MustCompile(`\s+(?:in|within|over|during|per)\s+(?:a|an|one|any|the (?:last|past))\s+(hour|day|week|month|quarter|year)\b|\s+(?:a|per)\s+(day|week|month)$`)
	wishOf     = regexp.MustCompile(`^\s*of\s+(?:the\s+)?(.+?)\s*$`)
	wishAgo    = regexp.MustCompile(`(?:compared (?:to|with)|against|versus|vs\.?|from|since|on|over)?\s*(?:the\s+)?(?:same (?:weekday|day)(?: (?:of )?last week| a week (?:ago|before))?|last week|a week (?:ago|before)|week (?:over|on) week)`)
	wishYear   = regexp.MustCompile(`same month (?:of )?(?:the )?(?:last|previous) year|year (?:over|on) year|the same month a year (?:ago|before)`)
	wishOften  = regexp.MustCompile(`\s*,?\s*(?:and\s+)?(?:check(?:ed|ing)?\s+)?(every hour|hourly|every day|daily|every week|weekly|every minute|every (\d+) minutes)$`)
)

// Understand reads an alert in words, English or German. It returns false for what it cannot read.
func Understand(text string) (Wish, bool) {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	t = strings.TrimRight(t, " .!?")
	if len(t) > 1000 {
		return Wish{}, false
	}
	w, ok := readWish(wishPrefix.ReplaceAllString(t, ""), (*Wish).english)
	if german := germanPrefix.MatchString(t); german || !ok && germanHint.MatchString(t) {
		w, ok = readWish(germanPrefix.ReplaceAllString(t, ""), (*Wish).german)
		w.Title = asWritten(text, w.Title)
	}
	if !ok {
		return Wish{}, false
	}
	w.Question = strings.TrimPrefix(strings.TrimSpace(w.Question), "the ")
	if w.Cron == "" {
		w.Cron = "0 8 * * *"
		if w.Condition.Kind == models.ConditionFreshness {
			w.Cron = "*/15 * * * *"
		}
	}
	return w, w.Question != "" || w.Condition.Kind == models.ConditionFailure
}

// asWritten is a part of a text that was lowered, with its capitals.
func asWritten(text, part string) string {
	whole := strings.Join(strings.Fields(text), " ")
	if low := strings.ToLower(whole); part != "" && len(low) == len(whole) {
		if i := strings.Index(low, part); i >= 0 {
			return whole[i : i+len(part)]
		}
	}
	return part
}

// readWish has a reader read words.
func readWish(t string, read func(*Wish, string) bool) (w Wish, ok bool) {
	ok = t != "" && read(&w, t)
	return w, ok
}

// english reads a wish in English, without its prefix.
func (w *Wish) english(t string) bool {
	if m := wishOften.FindStringSubmatch(t); m != nil {
		w.Cron, t = often(m[1], m[2]), strings.TrimSuffix(t, m[0])
	}
	return t != "" && w.read(t)
}

func often(words, minutes string) string {
	switch words {
	case "every hour", "hourly":
		return "0 * * * *"
	case "every day", "daily":
		return "0 8 * * *"
	case "every week", "weekly":
		return "0 8 * * 1"
	case "every minute":
		return "* * * * *"
	}
	if n, _ := strconv.Atoi(minutes); n > 0 && n < 60 {
		return "*/" + minutes + " * * * *"
	}
	return "0 * * * *"
}

func (w *Wish) read(t string) bool {
	c := &w.Condition
	if wishFail.MatchString(t) {
		c.Kind = models.ConditionFailure
		return true
	}
	if m := wishFresh.FindStringSubmatch(t); m != nil {
		n, _ := strconv.ParseFloat(m[5], 64)
		*c = models.AlertCondition{Kind: models.ConditionFreshness, Limit: n * map[byte]float64{'m': 60, 'h': 3600, 'd': 86400, 'w': 7 * 86400}[m[6][0]]}
		w.Question = "latest " + first(m[1], m[2], m[3], m[4])
		return true
	}
	if m := wishOdd.FindStringSubmatch(t); m != nil {
		*c = models.AlertCondition{Kind: models.ConditionBand, Op: models.OpEither, Limit: defaultWidth}
		if strings.HasSuffix(m[2], "high") {
			c.Op = models.OpAbove
		} else if strings.HasSuffix(m[2], "low") {
			c.Op = models.OpBelow
		}
		return w.question(m[1], m[3])
	}
	if m := wishChange.FindStringSubmatch(t); m != nil {
		*c = models.AlertCondition{Kind: models.ConditionChange, Op: models.OpAbove, Against: models.AgainstPrevious}
		switch m[2][0] {
		case 'f', 'd', 's':
			c.Op = models.OpBelow
		case 'm':
			c.Op = models.OpEither
		case 'c':
			if c.Op = models.OpEither; strings.HasPrefix(m[2], "cl") {
				c.Op = models.OpAbove
			}
		}
		if !w.amount(m[3:7]) {
			return false
		}
		c.Percent, c.Unit = c.Unit == "%", strings.TrimSuffix(c.Unit, "%")
		rest := m[7]
		switch {
		case wishYear.MatchString(rest):
			c.Against, rest = models.AgainstMonthYear, ""
		case wishAgo.MatchString(rest):
			c.Against, rest = models.AgainstWeekday, ""
		}
		return w.question(m[1], rest)
	}
	for _, form := range []struct {
		re *regexp.Regexp
		op string
	}{{wishAbove, models.OpAbove}, {wishBelow, models.OpBelow}} {
		if m := form.re.FindStringSubmatch(t); m != nil {
			*c = models.AlertCondition{Kind: models.ConditionThreshold, Op: form.op}
			return w.amount(m[2:6]) && w.question(m[1], m[6])
		}
	}
	if m := wishAtL.FindStringSubmatch(t); m != nil {
		*c = models.AlertCondition{Kind: models.ConditionThreshold, Op: models.OpAtLeast}
		return w.amount(m[2:6]) && w.question(m[1], m[6])
	}
	if m := wishNew.FindStringSubmatch(t); m != nil {
		*c = models.AlertCondition{Kind: models.ConditionRows, Change: models.RowsNew}
		w.Question = "list " + m[1]
		return true
	}
	if m := wishGone.FindStringSubmatch(t); m != nil {
		*c = models.AlertCondition{Kind: models.ConditionRows, Change: models.RowsMissing}
		w.Question = "list " + m[1]
		return true
	}
	return false
}

// amount reads a number with what is written around it.
func (w *Wish) amount(m []string) bool {
	n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
	switch m[2] {
	case "k", "thousand":
		n *= 1e3
	case "m", "million":
		n *= 1e6
	case "bn", "billion":
		n *= 1e9
	}
	w.Condition.Limit = n
	switch unit := first(m[0], m[3]); {
	case unit == "%" || unit == "percent" || unit == "per cent":
		w.Condition.Unit = "%"
	case strings.HasPrefix(unit, "euro"):
		w.Condition.Unit = "€"
	case strings.HasPrefix(unit, "dollar"):
		w.Condition.Unit = "$"
	default:
		w.Condition.Unit = unit
	}
	return err == nil
}

func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}

// question reads what is watched, its period, and the key that each row is of.
func (w *Wish) question(what, rest string) bool {
	period := ""
	take := func(text string) string {
		if m := wishPeriod.FindStringSubmatch(text); m != nil {
			unit := first(m[1], m[2])
			if period = "today"; unit != "day" && unit != "hour" {
				period = "in the last " + map[string]string{"week": "7 days", "month": "30 days", "quarter": "90 days", "year": "365 days"}[unit]
			}
			text = strings.Replace(text, m[0], "", 1)
		}
		return text
	}
	rest, what = take(" "+rest), strings.TrimSpace(take(" "+what))
	each := ""
	for _, text := range []*string{&what, &rest} {
		if m := wishEach.FindStringSubmatch(" " + *text); m != nil {
			each = first(m[1], m[2])
			*text = strings.TrimSpace(strings.Replace(" "+*text, m[0], "", 1))
		}
	}
	rest = strings.TrimSpace(rest)
	if m := wishOf.FindStringSubmatch(rest); m != nil && w.Condition.Unit == "%" && each == "" {
		w.Of, rest = m[1], ""
	}
	if strings.HasPrefix(rest, "of ") || len(strings.Fields(rest)) > 6 {
		return false
	}
	w.Question = what
	if rest != "" { // words behind the number belong to the question: a period, a filter
		w.Question += " " + strings.TrimPrefix(rest, ", ")
	}
	if each != "" {
		w.Question += " by " + each
		w.Condition.Rows = models.RowsEach
	}
	if c := w.Condition; period == "" && !wishDated.MatchString(w.Question) && (c.Kind == models.ConditionBand || c.Kind == models.ConditionChange && c.Against != models.AgainstPrevious) {
		period = "yesterday" // of all time there is nothing usual, and no week before
		if c.Against == models.AgainstWeekday {
			period = "in the last 7 days"
		} else if c.Against == models.AgainstMonthYear {
			period = "this month"
		}
	}
	if period != "" {
		w.Question += " " + period
		if w.Of != "" {
			w.Of += " " + period
		}
	}
	return what != ""
}

var newest = regexp.MustCompile(`(?i)\bmax\s*\(`)

// Wordings are ways to ask for an amount of something, or for its newest time,
// the one that was given first.
func Wordings(question string, kind models.ConditionKind, amounts bool) []string {
	if kind == models.ConditionFreshness {
		what := strings.TrimPrefix(question, "latest ")
		return []string{question, "latest date of " + what, "most recent date in " + what, "when was the last " + strings.TrimSuffix(what, "s"), "maximum date of " + what}
	}
	count, sum := "number of "+question, []string{"total amount of " + question, "total " + question, "sum of " + question}
	if amounts {
		return append(append([]string{question}, sum...), count)
	}
	return append([]string{question, count}, sum...)
}

// IsAmount says that SQL is of an amount, or of a newest time.
func IsAmount(sql string, kind models.ConditionKind) bool {
	if kind == models.ConditionFreshness {
		return newest.MatchString(sql)
	}
	words, ok := scan(sql)
	if !ok {
		return false
	}
	for i, w := range words {
		if w.depth == 0 && i+1 < len(words) && words[i+1].text == "(" {
			switch w.text {
			case "sum", "count", "avg", "min", "max":
				return true
			}
		}
		if w.depth == 0 && w.text == "from" {
			return false
		}
	}
	return false
}

// Ratio is SQL of one value as a percentage of another: of the first column of
// each, as “total amount of refunds” may bring their number as well.
func Ratio(part, whole string) string {
	first := func(sql string) string {
		return "(SELECT value FROM (" + strings.TrimRight(strings.TrimSpace(sql), "; ") + ") AS of_all(value))::numeric"
	}
	return "SELECT round(100.0 * " + first(part) + " / nullif(" + first(whole) + ", 0), 2) AS percent"
}
