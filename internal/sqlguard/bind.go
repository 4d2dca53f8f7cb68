package sqlguard

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/datamind/datamind/models"
)

// placeholder is {{name}}; own is a parameter that only bind may write.
var (
	placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)
	own         = regexp.MustCompile(`\$[0-9]`)
)

// maxArguments is how many values PostgreSQL's protocol takes.
const maxArguments = 30_000

// bound is SQL whose placeholders are parameters of the protocol.
type bound struct {
	sql    string
	values []string
	// cuts say where the text differs from the one that was given.
	cuts []cut
}

// cut is a placeholder's place in the text that was given, and its parameters' in the other.
type cut struct{ from, to, boundFrom, boundTo int }

// bind writes a typed parameter, such as $1::date, for each placeholder. The
// values stay beside the text: none of them can become a part of it.
func bind(sql string, args []models.Argument) (bound, *Refusal) {
	bare := mask(sql)
	if len(args) > 0 {
		if at := own.FindStringIndex(bare); at != nil {
			return bound{}, refuse(CodeParameter, "Parameters such as $1 have no value here. Write {{name}}.").at(at[0])
		}
	}
	b := bound{}
	var out strings.Builder
	numbers := map[string][]string{}
	done := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(sql, -1) {
		from, to, name := m[0], m[1], sql[m[2]:m[3]]
		arg, declared := argument(args, name)
		switch {
		case bare[from] != '{' && declared:
			return bound{}, refuse(CodeParameter, "The parameter {{%s}} stands in quotes or a comment, where it has no value. Write it without quotes.", name).at(from)
		case bare[from] != '{':
			continue
		case !declared:
			return bound{}, refuse(CodeParameter, "There is no parameter %s. Declare it with its type.", name).at(from)
		}
		if numbers[name] == nil {
			for _, value := range arg.Values {
				b.values = append(b.values, value)
				numbers[name] = append(numbers[name], fmt.Sprintf("$%d::%s", len(b.values), typeOf(arg.Type, value)))
			}
			if len(b.values) > maxArguments {
				return bound{}, refuse(CodeTooComplex, "The parameters have more than %d values together. Use fewer.", maxArguments)
			}
		}
		out.WriteString(sql[done:from])
		c := cut{from: from, to: to, boundFrom: out.Len()}
		out.WriteString(strings.Join(numbers[name], ", "))
		c.boundTo = out.Len()
		b.cuts, done = append(b.cuts, c), to
	}
	out.WriteString(sql[done:])
	b.sql = out.String()
	return b, nil
}

func argument(args []models.Argument, name string) (models.Argument, bool) {
	for _, a := range args {
		if a.Name == name {
			return a, true
		}
	}
	return models.Argument{}, false
}

// typeOf is the type that a literal of the value would have.
func typeOf(t models.ParameterType, value string) string {
	switch t {
	case models.ParameterNumber:
		if _, err := strconv.ParseInt(value, 10, 64); err == nil {
			return "bigint"
		}
		return "numeric"
	case models.ParameterDate:
		return "date"
	case models.ParameterTimestamp:
		return "timestamptz"
	case models.ParameterBoolean:
		return "boolean"
	}
	return "text"
}

// given leads from a place in the bound text to the one in the text that was given.
func (b bound) given(at int) int {
	shift := 0
	for _, c := range b.cuts {
		if at < c.boundFrom {
			break
		}
		if at < c.boundTo {
			return c.from
		}
		shift = c.to - c.boundTo
	}
	return at + shift
}

// mask is the text with a space for each byte of literals, quoted names and
// comments, so that places stay what they are.
func mask(sql string) string {
	var b strings.Builder
	b.Grow(len(sql))
	scan(sql, func(plain string) { b.WriteString(plain) }, func(n int, _ bool) { b.WriteString(strings.Repeat(" ", n)) })
	return b.String()
}
