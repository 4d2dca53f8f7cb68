package models

import "slices"

// values are those that the filters have: the given ones, else their defaults.
// A filter without a value keeps nothing away.
func (d *DashboardSpec) values(given map[string]any) (map[string]Argument, error) {
	out := map[string]Argument{}
	for name := range given {
		if d.Filter(name) == nil {
			if !ParameterName.MatchString(name) {
				name = "of that name"
			}
			return nil, Errorf(CodeParameter, "There is no filter %s.", name)
		}
	}
	for _, f := range d.Filters {
		value := given[f.Name]
		if _, said := given[f.Name]; !said {
			value = f.Default
		}
		if list, is := value.([]any); value == nil || value == "" || is && len(list) == 0 {
			continue
		}
		bound, err := f.bind(value)
		if err != nil {
			return nil, err
		}
		out[f.Name] = bound
	}
	return out, nil
}

// CheckValues says what is wrong with values of the filters.
func (d *DashboardSpec) CheckValues(given map[string]any) error {
	_, err := d.values(given)
	return err
}

// Run is what a query tile's rows are read by, with values of the filters.
func (d *DashboardSpec) Run(t *Tile, given map[string]any) (TileRun, error) {
	values, err := d.values(given)
	if err != nil {
		return TileRun{}, err
	}
	run := TileRun{ConnectionID: t.ConnectionID, SQL: t.SQL}
	for _, p := range t.Parameters {
		bound, filtered := values[p.Name]
		if !filtered {
			if p.Default == nil {
				return TileRun{}, Errorf(CodeParameter, "%s needs a value: choose one above.", d.label(p))
			}
			if bound, err = p.bind(p.Default); err != nil {
				return TileRun{}, err
			}
		}
		run.Arguments = append(run.Arguments, bound)
	}
	for _, l := range t.Links {
		value, has := values[l.Filter]
		if !has || l.How == LinkSets {
			continue
		}
		run.Narrow = append(run.Narrow, Narrow{Column: l.Column, How: l.How, Parameter: l.Filter, AsText: value.Type == ParameterText})
		if !slices.ContainsFunc(run.Arguments, func(a Argument) bool { return a.Name == l.Filter }) {
			run.Arguments = append(run.Arguments, value)
		}
	}
	return run, nil
}

// label is how people know a tile's parameter.
func (d *DashboardSpec) label(p Parameter) string {
	if f := d.Filter(p.Name); f != nil && f.Label != "" {
		return f.Label
	}
	if p.Label != "" {
		return p.Label
	}
	return p.Name
}

// ParameterOf is the parameter whose default is an argument's value.
func ParameterOf(a Argument) Parameter {
	p := Parameter{Name: a.Name, Type: a.Type}
	value := func(text string) any {
		if a.Type == ParameterBoolean {
			return text == "true"
		}
		return text
	}
	if !a.List {
		if len(a.Values) == 1 {
			p.Default = value(a.Values[0])
		}
		return p
	}
	p.Type, p.Of = ParameterList, a.Type
	list := make([]any, len(a.Values))
	for i, v := range a.Values {
		list[i] = value(v)
	}
	p.Default = list
	return p
}
