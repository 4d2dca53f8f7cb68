package models

import "slices"

// ChartOf is how a tile draws its rows; nil is a table. What the rows have
// suggested is newer than what the tile keeps, such as which month is not over.
func (t *Tile) ChartOf(r *TileResult) *Chart {
	if t.View == ViewTable {
		return nil
	}
	if t.View != ViewChart || t.Chart == nil {
		return r.Chart
	}
	if r.Chart != nil {
		for _, spec := range append([]ChartSpec{r.Chart.ChartSpec}, r.Chart.Alternatives...) {
			if spec.Type == t.Chart.Type && spec.X == t.Chart.X && spec.Series == t.Chart.Series {
				if len(t.Chart.Y) > 0 && t.Chart.fits(r.Columns) {
					spec.Y = t.Chart.Y
				}
				return &Chart{ChartSpec: spec}
			}
		}
	}
	if !t.Chart.fits(r.Columns) {
		return r.Chart
	}
	own := *t.Chart
	own.Partial = nil
	return &Chart{ChartSpec: own}
}

// fits says that a chart's columns are there.
func (c *ChartSpec) fits(columns []Column) bool {
	names := append([]string{c.X, c.Series, c.Label}, c.Y...)
	for _, cell := range []*Cell{c.Value, c.Previous} {
		if cell != nil {
			names = append(names, cell.Column)
		}
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		return name != "" && !slices.ContainsFunc(columns, func(col Column) bool { return col.Name == name })
	})
}
