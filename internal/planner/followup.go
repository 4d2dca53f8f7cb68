package planner

import (
	"regexp"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

var (
	followCue = regexp.MustCompile(`(?i)^\s*(?:and\s+|what about\s+|how about\s+|now\s+|only\s+|just\s+|same\s+|instead\s+|but\s+|also\s+|by\s+|per\s+|for\s+|in\s+|without\s+|group(?:ed)? by\s+|break (?:it|that|this|them) down\s+|split (?:it|that|this|them)\s+|show (?:it|that|them|this)\s+)`)
	leadIn    = regexp.MustCompile(`(?i)^\s*(?:(?:and|what about|how about|now|but|also|only|just|same|instead|show (?:it|that|them|this)|break (?:it|that|this|them) down|split (?:it|that|this|them)|the|ones?|those|but|group(?:ed)?)\s+)+`)
	byClause  = regexp.MustCompile(`(?i)\s+(?:grouped\s+)?(?:by|per|for each)\s+(?:the\s+)?[\w ]+?\s*(?:\?|$|\b(?:in|since|during|this|last|for|where|with)\b)`)
	trailing  = regexp.MustCompile(`(?i)\s*\b(?:ones|one|instead|then|please)\b\s*|[?.!]+\s*$`)
)

// withHistory makes a follow-up whole: "and by country?" is the earlier
// question grouped otherwise, "what about last year" the same for another time.
func withHistory(s *schema, q string, history []models.Turn, now time.Time) string {
	whole := ""
	turns := history
	if len(turns) > 20 {
		turns = turns[len(turns)-20:]
	}
	for _, t := range turns {
		whole = merge(s, whole, cap4000(t.Question), now)
	}
	return merge(s, whole, q, now)
}

func merge(_ *schema, before, q string, now time.Time) string {
	if before == "" || !followCue.MatchString(q) || len(strings.Fields(q)) > 10 {
		return q
	}
	low := strings.ToLower(q)
	if strings.HasPrefix(strings.TrimSpace(low), "for each") || regexp.MustCompile(`^\s*in\b.*\b(how many|what|which)\b`).MatchString(low) {
		return q
	}
	base := strings.TrimRight(strings.TrimSpace(before), "?.! ")
	rest := strings.TrimSpace(trailing.ReplaceAllString(leadIn.ReplaceAllString(q, " "), " "))
	if p, _ := findPeriod(strings.ToLower(rest), now); p != nil {
		base = withoutPeriod(base, now)
	}
	if strings.HasPrefix(strings.ToLower(rest), "by ") || strings.HasPrefix(strings.ToLower(rest), "per ") {
		base = withoutGroups(base)
	}
	return base + " " + rest
}

func withoutPeriod(q string, now time.Time) string {
	low := strings.ToLower(q)
	if len(low) != len(q) {
		q = low
	}
	_, rest := findPeriod(low, now)
	b := []byte(q)
	for i := range b {
		if rest[i] == ' ' {
			b[i] = ' '
		}
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

func withoutGroups(q string) string {
	if regexp.MustCompile(`(?i)\b(?:top|bottom|order(?:ed)?|sort(?:ed)?)\b`).MatchString(q) {
		return q
	}
	m := byClause.FindStringIndex(q)
	if m == nil {
		return q
	}
	tail := ""
	if f := strings.Fields(q[m[0]:m[1]]); len(f) > 0 && m[1] < len(q) {
		tail = " " + f[len(f)-1]
	}
	return q[:m[0]] + tail + q[m[1]:]
}
