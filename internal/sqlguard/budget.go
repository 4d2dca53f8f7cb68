package sqlguard

import "slices"

// Limits on what the second walk makes and does. A * multiplies columns: a few
// hundred bytes of nested ones stand for more than any memory holds.
const (
	// maxOutputs is PostgreSQL's own limit of a select list (MaxTupleAttributeNumber).
	maxOutputs = 1664
	// maxFromColumns bounds the columns of one FROM.
	maxFromColumns = 20_000
	// maxColumns bounds the columns that are made for one statement, over all of its levels.
	maxColumns = 500_000
	// maxSteps bounds the columns and FROM items that are looked at in search of names.
	maxSteps = 20_000_000
)

// budget counts what a check has cost.
type budget struct{ columns, steps int }

// make accounts for a list of n columns, before it is made.
func (b *budget) make(n int) *Refusal {
	if b.columns += n; n > maxFromColumns || b.columns > maxColumns {
		return refuse(CodeTooComplex, "The statement makes more columns than can be checked (%d in one FROM, %d in all). Name the columns you need instead of *.", maxFromColumns, maxColumns)
	}
	return nil
}

// outputs accounts for a select list of n columns, before it is made.
func (b *budget) outputs(n int) *Refusal {
	if n > maxOutputs {
		return refuse(CodeTooComplex, "The statement selects more than %d columns at once, which PostgreSQL cannot. Name the columns you need instead of *.", maxOutputs)
	}
	return nil
}

// look accounts for n columns or items looked at.
func (b *budget) look(n int) { b.steps += n }

// spent refuses once too much was looked at. What one look-up adds is bounded
// by the columns there are.
func (b *budget) spent() *Refusal {
	if b.steps > maxSteps {
		return refuse(CodeTooComplex, "The statement has more names and columns than can be checked. Write it more simply.")
	}
	return nil
}

// columnSet finds columns by name.
type columnSet map[string]column

// newColumnSet keeps the first of each name.
func newColumnSet(columns []column) columnSet {
	set := make(columnSet, len(columns))
	for _, c := range columns {
		if _, ok := set[c.name]; !ok {
			set[c.name] = c
		}
	}
	return set
}

// concat joins lists of columns within the budget.
func (b *budget) concat(lists ...[]column) ([]column, *Refusal) {
	n := 0
	for _, l := range lists {
		n += len(l)
	}
	if refusal := b.make(n); refusal != nil {
		return nil, refusal
	}
	return slices.Concat(lists...), nil
}
