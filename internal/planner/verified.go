package planner

import (
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// IsFollowUp says that a question means something only after another one, such
// as "and by country?".
func IsFollowUp(question string) bool {
	return followCue.MatchString(question) && len(strings.Fields(question)) <= 10
}

var (
	fixedDate  = regexp.MustCompile(`'\d{4}-\d{2}-\d{2}`)
	movingDate = regexp.MustCompile(`(?i)\b(?:now\s*\(|current_date\b|current_timestamp\b|localtimestamp\b)`)
)

// Stale says that SQL will not answer a question for long: the question names a
// period that moves on, such as "last month", and the SQL has fixed dates.
func Stale(question, sql string, now time.Time) bool {
	low := strings.ToLower(cap4000(question))
	p, _ := findPeriod(low, now)
	later, _ := findPeriod(low, now.AddDate(1, 1, 1))
	moves := p != nil && later != nil && (!p.from.Equal(later.from) || !p.to.Equal(later.to))
	return moves && fixedDate.MatchString(sql) && !movingDate.MatchString(sql)
}

// How near a verified question must be to be an example, and how many are.
const (
	nearEnough  = 0.34
	maxExamples = 3
)

// Near picks the verified questions that share the most words with a question.
func Near(question string, verified []models.VerifiedQuestion) (out []models.Example) {
	mine := contentWords(question)
	type scored struct {
		at    int
		score float64
	}
	var near []scored
	for i := range verified {
		theirs := contentWords(verified[i].Question)
		both := 0
		for w := range theirs {
			if mine[w] {
				both++
			}
		}
		if union := len(mine) + len(theirs) - both; union > 0 && float64(both)/float64(union) >= nearEnough {
			near = append(near, scored{i, float64(both) / float64(union)})
		}
	}
	sort.SliceStable(near, func(a, b int) bool { return near[a].score > near[b].score })
	for _, n := range near[:min(len(near), maxExamples)] {
		out = append(out, models.Example{Question: verified[n.at].Question, SQL: verified[n.at].SQL})
	}
	return out
}

func contentWords(text string) map[string]bool {
	words := map[string]bool{}
	for _, t := range tokenize(cap4000(text)) {
		if t.stem != "" && !stop[t.low] && !articles[t.low] {
			words[t.stem] = true
		}
	}
	return words
}
