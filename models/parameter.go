package models

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParameterType is the type of a parameter's value.
type ParameterType string

// The types. A list holds values of one of the others.
const (
	ParameterText      ParameterType = "text"
	ParameterNumber    ParameterType = "number"
	ParameterDate      ParameterType = "date"      // 2026-01-31
	ParameterTimestamp ParameterType = "timestamp" // RFC 3339; without an offset it is UTC
	ParameterBoolean   ParameterType = "boolean"
	ParameterList      ParameterType = "list"
)

// CodeParameter is the code of a value that a parameter does not take.
const CodeParameter Code = "parameter_invalid"

// Parameter is a placeholder {{name}} of SQL that a person wrote.
type Parameter struct {
	Name string        `json:"name"`
	Type ParameterType `json:"type"`
	// Of is the type of a list's values; "" means text.
	Of    ParameterType `json:"of,omitempty"`
	Label string        `json:"label,omitempty"`
	// Default is the value where none is given, nil for none.
	Default any `json:"default,omitempty"`
}

// Argument is a parameter with its value. It reaches the database beside the
// SQL, never as a part of it.
type Argument struct {
	Name string        `json:"name"`
	Type ParameterType `json:"type"` // never a list
	List bool          `json:"list,omitempty"`
	// Values are the value's texts: one, or those of the list.
	Values []string `json:"values"`
}

// placeholder is {{name}} in SQL.
var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// InlineArguments writes arguments into SQL for somebody to read. It is never run.
func InlineArguments(sql string, args []Argument) string {
	written := map[string]string{}
	for _, a := range args {
		texts := make([]string, len(a.Values))
		for i, v := range a.Values {
			texts[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
			if a.Type == ParameterNumber || a.Type == ParameterBoolean {
				texts[i] = v
			}
		}
		written[a.Name] = strings.Join(texts, ", ")
	}
	// All at once: a value may look like a placeholder.
	return placeholder.ReplaceAllStringFunc(sql, func(found string) string {
		if text, ok := written[placeholder.FindStringSubmatch(found)[1]]; ok {
			return text
		}
		return found
	})
}

// Bounds of parameters and their values.
const (
	MaxParameters  = 30
	maxListValues  = 1000
	maxValueLength = 10_000
)

// ParameterName is the form of a parameter's name.
var ParameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// decimal is a number as people and JSON write it, of a length that PostgreSQL reads.
var decimal = regexp.MustCompile(`^[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?$`)

// CheckParameters says what is wrong with parameters as they are declared.
func CheckParameters(all []Parameter) error {
	if len(all) > MaxParameters {
		return Errorf(CodeParameter, "There are %d parameters; the limit is %d.", len(all), MaxParameters)
	}
	seen := map[string]bool{}
	for _, p := range all {
		switch {
		case !ParameterName.MatchString(p.Name):
			return Errorf(CodeParameter, "A parameter's name is made of letters, digits and _, and does not begin with a digit.")
		case seen[p.Name]:
			return Errorf(CodeParameter, "The parameter %s is declared twice.", p.Name)
		case p.Of != "" && (p.Type != ParameterList || p.Of == ParameterList):
			return Errorf(CodeParameter, "The parameter %s: only a list is of values of another type, and not of lists.", p.Name)
		}
		seen[p.Name] = true
		if p.Default != nil {
			if _, err := p.bind(p.Default); err != nil {
				return err
			}
		}
	}
	return nil
}

// BindParameters gives parameters their values: those by name, or else their
// defaults. Its errors name the parameter and never repeat the value.
func BindParameters(all []Parameter, values map[string]any) ([]Argument, error) {
	if err := CheckParameters(all); err != nil {
		return nil, err
	}
	declared := map[string]bool{}
	out := make([]Argument, 0, len(all))
	for _, p := range all {
		declared[p.Name] = true
		value := values[p.Name]
		if value == nil {
			value = p.Default
		}
		if value == nil {
			return nil, Errorf(CodeParameter, "The parameter %s needs a value: it has no default.", p.Name)
		}
		bound, err := p.bind(value)
		if err != nil {
			return nil, err
		}
		out = append(out, bound)
	}
	for name := range values {
		if !declared[name] {
			if !ParameterName.MatchString(name) {
				name = "of that name"
			}
			return nil, Errorf(CodeParameter, "There is no parameter %s.", name)
		}
	}
	return out, nil
}

func (p Parameter) bind(value any) (Argument, error) {
	if p.Type != ParameterList {
		text, err := p.text(p.Type, value)
		return Argument{Name: p.Name, Type: p.Type, Values: []string{text}}, err
	}
	a := Argument{Name: p.Name, Type: p.Of, List: true}
	if a.Type == "" {
		a.Type = ParameterText
	}
	list, ok := value.([]any)
	if !ok || len(list) == 0 || len(list) > maxListValues {
		return a, Errorf(CodeParameter, "The parameter %s takes a list of 1 to %d values.", p.Name, maxListValues)
	}
	for _, v := range list {
		text, err := p.text(a.Type, v)
		if err != nil {
			return a, err
		}
		a.Values = append(a.Values, text)
	}
	return a, nil
}

// text writes a value as PostgreSQL reads one of the type.
func (p Parameter) text(t ParameterType, value any) (string, error) {
	wrong := func(form string) error { return Errorf(CodeParameter, "The parameter %s takes %s.", p.Name, form) }
	text, isText := value.(string)
	switch t {
	case ParameterText:
		if !isText || len(text) > maxValueLength || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return "", wrong(fmt.Sprintf("a text of at most %d bytes", maxValueLength))
		}
		return text, nil
	case ParameterNumber:
		switch n := value.(type) {
		case float64:
			if !math.IsInf(n, 0) && !math.IsNaN(n) {
				return strconv.FormatFloat(n, 'f', -1, 64), nil
			}
		case json.Number:
			text, isText = n.String(), true
		}
		if text = strings.TrimSpace(text); !isText || !decimal.MatchString(text) {
			return "", wrong("a number, such as 12.5")
		}
		return text, nil
	case ParameterDate:
		if d, err := time.Parse(time.DateOnly, text); err == nil && isText {
			return d.Format(time.DateOnly), nil
		}
		return "", wrong("a date of the form 2026-01-31")
	case ParameterTimestamp:
		for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999", time.DateOnly} {
			if at, err := time.Parse(form, text); err == nil && isText {
				return at.UTC().Format("2006-01-02T15:04:05.999999Z07:00"), nil
			}
		}
		return "", wrong("a time of the form 2026-01-31T12:00:00Z")
	case ParameterBoolean:
		if b, ok := value.(bool); ok {
			return strconv.FormatBool(b), nil
		}
		return "", wrong("true or false")
	}
	return "", Errorf(CodeParameter, "The parameter %s has a type that is not known: text, number, date, timestamp, boolean or list.", p.Name)
}
