package planner

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Proposed is a question for a tile of a dashboard, with SQL that goes on
// answering it.
type Proposed struct {
	Question      string
	SQL           string
	Understanding string
	Single        bool // it is answered with one number
}

// Bounds of proposals.
const (
	maxProposed = 10
	maxSubjects = 4
	perSubject  = 6
)

var (
	wished  = regexp.MustCompile(`(?i)^\s*(?:please\s+)?(?:(?:make|build|create|show|give|mach|erstelle|baue|zeig)\w*\s+)?(?:(?:me|us|mir|uns)\s+)?(?:an?|the|ein(?:e|en)?|das)?\s*(?:\w+\s+)?(?:dashboards?|übersicht|overview)\s*(?:about|on|for|of|with|showing|über|zu[mr]?|mit|von|für)?\s*(?:our|the|my|unsere?n?|die|den|das)?\s*`)
	divided = regexp.MustCompile(`(?i)\s*(?:,|;|\+|&|\band\b|\bund\b|\bas well as\b|\bplus\b)\s*`)
	leading = regexp.MustCompile(`(?i)^(?:about|on|how|our|the|my|über|unsere?n?|die|den|das)\s+`)
)

// Propose makes questions for a dashboard of a sentence that says what it is
// about: for each of its subjects the figure itself, how it goes over time, by
// what it divides and who has the most. Each is one that the built-in planner
// answers with SQL of the kind that is meant. Where nothing of the sentence is
// understood, the tables that most others lead to are proposed.
func Propose(cat *models.Catalog, notes *models.Notes, about string, now time.Time) []Proposed {
	if cat == nil || len(cat.Tables) == 0 {
		return nil
	}
	s := newSchema(cat)
	s.annotate(notes)
	p := proposing{s: s, now: now.UTC()}
	for _, subject := range subjects(cap4000(about)) {
		p.subject(subject)
	}
	if len(p.out) == 0 {
		for _, q := range Suggest(cat) {
			p.offer(q, nil)
		}
		if notes != nil {
			for _, m := range notes.Metrics {
				p.subject(m.Name)
			}
		}
	}
	return p.spread()
}

// subjects are what a sentence is about, in its order.
func subjects(about string) (out []string) {
	text := strings.TrimRight(strings.TrimSpace(wished.ReplaceAllString(about, "")), ".!? ")
	for _, part := range divided.Split(text, -1) {
		part = strings.TrimSpace(leading.ReplaceAllString(strings.TrimSpace(part), ""))
		if part != "" && len(out) < maxSubjects {
			out = append(out, part)
		}
	}
	return out
}

// proposing gathers questions.
type proposing struct {
	s    *schema
	now  time.Time
	seen []string // SQL that is proposed already
	out  []Proposed
	of   []int // the subject of each
	at   int
}

// offer adds a question, unless it is answered otherwise than is meant.
func (p *proposing) offer(question string, fits func(*reading) bool) bool {
	r, plan := understood(p.s, question, p.now)
	if plan.Status != models.PlanSQL || slices.Contains(p.seen, plan.SQL) || fits != nil && !fits(r) {
		return false
	}
	p.seen = append(p.seen, plan.SQL)
	title := strings.TrimSuffix(sentence(strings.TrimRight(question, "?")), "?")
	sql := Moving(question, plan.SQL, p.now)
	if r.bucket == "month" { // whole months: a part of the first would look like a rise
		sql = strings.Replace(sql, "(CURRENT_DATE - INTERVAL '12 month')::date", truncated("month", -12), 1)
	}
	p.out = append(p.out, Proposed{Question: title, SQL: sql, Understanding: plan.Understanding,
		Single: len(r.q.group) == 0 && len(r.q.sel) == 1 && r.q.sel[0].agg != ""})
	p.of = append(p.of, p.at)
	return true
}

// subject proposes what there is to see of one subject.
func (p *proposing) subject(text string) {
	p.at++
	base := p.figure(text)
	if base == "" {
		p.offer(text, nil)
		return
	}
	r, _ := understood(p.s, base, p.now)
	f := following{s: p.s, now: p.now, base: base, r: r}
	alike := func(r *reading) bool { return f.same(r) && f.filtered(r) }
	period := ""
	if r.period == nil {
		if p.offer(base+" this year", func(r *reading) bool { return alike(r) && r.period != nil && len(r.q.group) == 0 }) {
			p.offer(base+" last year", func(r *reading) bool { return alike(r) && r.period != nil && len(r.q.group) == 0 })
			period = " in the last 12 months"
		} else {
			p.offer(base, nil)
		}
	} else {
		p.offer(base, nil)
	}
	if !p.offer(base+" by month"+period, func(r *reading) bool { return r.bucket == "month" && alike(r) }) {
		p.offer(base+" by month", func(r *reading) bool { return r.bucket == "month" && alike(r) })
	}
	divisions := 0
	for _, c := range f.candidates() {
		if divisions == 3 {
			break
		}
		e := expr{col: c}
		fits := func(r *reading) bool { return len(r.q.group) == 1 && containsExpr(r.q.group, e) && alike(r) }
		for _, by := range []string{spoken(c.name), spoken(c.tab.t.Name) + " " + spoken(c.name), spoken(c.tab.t.Name)} {
			if p.offer(base+" by "+by+period, fits) || p.offer(base+" by "+by, fits) {
				divisions++
				break
			}
		}
	}
	p.ranking(base, period, alike)
}

// ranking proposes those of another table that have the most.
func (p *proposing) ranking(base, period string, alike func(*reading) bool) {
	ranked := 0
	for _, t := range p.s.tables {
		if ranked == 1 || t.label == nil {
			continue
		}
		fits := func(r *reading) bool { return r.entity == t && r.q.limit == 10 && alike(r) }
		if p.offer("top 10 "+spoken(t.t.Name)+" by "+base+period, fits) {
			ranked++
		}
	}
}

// figure is a subject as a question that is answered with one number, "" for none.
func (p *proposing) figure(text string) string {
	plain := withoutGroups(text)
	for _, q := range []string{plain, "number of " + plain, "total " + plain, "average " + plain} {
		r, plan := understood(p.s, q, p.now)
		if plan.Status == models.PlanSQL && len(r.q.group) == 0 && len(r.q.sel) == 1 && r.q.sel[0].agg != "" {
			return q
		}
	}
	return ""
}

// spread takes from each subject in turn what it has first, up to the limit, and
// puts single numbers before the rest.
func (p *proposing) spread() (out []Proposed) {
	taken := map[int]int{}
	var chosen []int
	for round := 0; round < perSubject && len(chosen) < maxProposed; round++ {
		for i, of := range p.of {
			if taken[of] == round && !slices.Contains(chosen, i) && len(chosen) < maxProposed {
				chosen, taken[of] = append(chosen, i), round+1
			}
		}
	}
	slices.Sort(chosen)
	for _, single := range []bool{true, false} {
		for _, i := range chosen {
			if p.out[i].Single == single {
				out = append(out, p.out[i])
			}
		}
	}
	return out
}
