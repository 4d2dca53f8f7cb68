package alert

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// Split is a value taken apart by a dimension: what each part was before, and is now.
type Split struct {
	Dimension   string
	Now, Before map[string]float64
}

const (
	// explains is the least share of a change that makes a part worth naming.
	explains = 0.1
	// namedParts is how many parts a finding names.
	namedParts = 5
)

// Contributions ranks the parts of a change by how much of it they explain: the
// change of the part over the change of the whole. Of each dimension those are
// kept that explain something; a dimension whose parts all move alike, each by
// its own size, explains nothing, however large its largest part is.
func Contributions(now, before float64, splits []Split) (parts []models.AlertPart) {
	whole := now - before
	if whole == 0 || math.IsNaN(whole) || math.IsInf(whole, 0) {
		return nil
	}
	type ranked struct {
		models.AlertPart
		surprise float64
	}
	var all []ranked
	for _, s := range splits {
		names := map[string]bool{}
		for name := range s.Now {
			names[name] = true
		}
		for name := range s.Before {
			names[name] = true
		}
		for name := range names {
			p := models.AlertPart{Dimension: s.Dimension, Value: name, Now: s.Now[name], Before: s.Before[name]}
			p.Share = (p.Now - p.Before) / whole
			expected := 0.0 // its share, had it moved with the whole
			if before != 0 {
				expected = p.Before / before
			}
			if surprise := p.Share - expected; p.Share >= explains && surprise >= explains {
				all = append(all, ranked{p, surprise})
			}
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.surprise, a.surprise), cmp.Compare(b.Share, a.Share), cmp.Compare(a.Dimension+a.Value, b.Dimension+b.Value))
	})
	for _, p := range all[:min(len(all), namedParts)] {
		parts = append(parts, p.AlertPart)
	}
	return parts
}

// FindingFacts are what was found, a sentence each, of these figures only: what
// moved, and which parts explain it.
func FindingFacts(c *models.AlertCondition, now, before float64, baseline string, parts []models.AlertPart) (facts []string) {
	verb := "rose"
	if now < before {
		verb = "fell"
	}
	moved := fmt.Sprintf("It %s from %s (%s) to %s", verb, Value(c, before), baseline, Value(c, now))
	if before != 0 {
		moved += fmt.Sprintf(", by %s %%", number(math.Abs(math.Round(1000*(now-before)/before)/10)))
	}
	facts = append(facts, moved+".")
	for _, p := range parts {
		facts = append(facts, fmt.Sprintf("%s “%s” explains %s %% of the change (from %s to %s).", p.Dimension, clip(p.Value, 60), number(math.Round(100*p.Share)), Value(c, p.Before), Value(c, p.Now)))
	}
	return facts
}

// toldParts is how many parts a finding's text names.
const toldParts = 3

// Finding writes what was found, of these figures only.
func Finding(c *models.AlertCondition, now, before float64, baseline string, parts []models.AlertPart, looked []string) string {
	facts := FindingFacts(c, now, before, baseline, parts[:min(len(parts), toldParts)])
	switch {
	case len(parts) > 0:
	case len(looked) == 0:
		facts = append(facts, "There was nothing to take it apart by.")
	default:
		facts = append(facts, fmt.Sprintf("It moved about evenly in every part: by %s.", strings.Join(looked, ", ")))
	}
	return strings.Join(facts, " ")
}
