package planner

import (
	"strings"
	"unicode"
)

// split cuts an identifier into lower-case stems: snake, camel and digits.
func split(name string) []string {
	var out []string
	var cur []rune
	flush := func() {
		if len(cur) > 0 {
			w := strings.ToLower(string(cur))
			parts := segment(w)
			if parts == nil {
				parts = []string{w}
			}
			for _, p := range parts {
				if full, ok := abbreviations[p]; ok {
					p = full
				}
				for _, x := range strings.Fields(p) {
					out = append(out, stem(x))
				}
			}
			cur = nil
		}
	}
	rs := []rune(name)
	for i, r := range rs {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1]) && unicode.IsUpper(rs[i-1])):
			flush()
		}
		cur = append(cur, r)
	}
	flush()
	return out
}

var abbreviations = map[string]string{
	"cust": "customer", "tx": "transaction", "txn": "transaction", "qty": "quantity", "amt": "amount", "num": "number",
	"no": "number", "addr": "address", "desc": "description", "dept": "department", "emp": "employee", "prod": "product",
	"cat": "category", "dob": "birth", "fname": "first name", "lname": "last name", "firstname": "first name", "lastname": "last name", "stu": "student", "pct": "percent", "avg": "average", "dt": "date", "yr": "year",
	"org": "organization", "msg": "message", "temp": "temperature", "nbr": "number", "mgr": "manager", "prof": "professor",
}

var irregular = map[string]string{
	"people": "person", "children": "child", "men": "man", "women": "woman", "series": "series", "species": "species", "data": "data",
	"has": "has", "is": "is", "was": "was", "this": "this", "does": "does", "less": "less", "us": "us", "plus": "plus",
	"movies": "movie", "cookies": "cookie", "ties": "tie", "status": "status", "statuses": "status", "address": "address", "addresses": "address",
	"courses": "course", "houses": "house", "expenses": "expense", "licenses": "license", "races": "race", "purchases": "purchase",
	"responses": "response", "warehouses": "warehouse", "databases": "database", "cases": "case", "nurses": "nurse", "horses": "horse", "diseases": "disease",
	"databasis": "database", "cities": "city", "bonus": "bonus", "campus": "campus", "bus": "bus", "his": "his", "as": "as", "yes": "yes", "its": "its", "gas": "gas", "news": "news", "analysis": "analysis", "heroes": "hero",
}

// stem takes a plural's ending off; it is not a linguist.
func stem(w string) string {
	if s, ok := irregular[w]; ok {
		return s
	}
	n := len(w)
	switch {
	case n > 4 && strings.HasSuffix(w, "ies"):
		return w[:n-3] + "y"
	case n > 4 && (strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes") || strings.HasSuffix(w, "zes")):
		return w[:n-2]
	case n > 5 && strings.HasSuffix(w, "roes"):
		return w[:n-2]
	case n > 2 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		return w[:n-1]
	}
	return w
}

// groups of words that may name the same thing in a schema.
var groups = [][]string{
	{"customer", "client", "buyer", "shopper"}, {"employee", "staff", "worker", "salesperson"}, {"product", "article"},
	{"order", "purchase"}, {"ticket", "issue"}, {"category", "type", "kind"}, {"quantity", "unit", "piece"}, {"store", "shop"},
	{"price", "cost"}, {"vendor", "supplier"}, {"session", "visit"}, {"country", "nation"}, {"salary", "pay", "wage"}, {"phone", "telephone"},
	{"stock", "inventory"}, {"film", "movie"}, {"title", "name"}, {"company", "firm"}, {"author", "writer"}, {"paper", "publication"},
	{"rating", "score", "star"}, {"location", "place"}, {"team", "club"}, {"teacher", "instructor"}, {"date", "day", "time"}, {"gender", "sex"},
	{"singer", "artist"}, {"song", "track"}, {"state", "province"}, {"organization", "organisation"}, {"population", "people", "inhabitant", "citizen"}, {"length", "long"}, {"height", "tall", "high", "altitude", "elevation"}, {"colour", "color"}, {"area", "size", "large"}, {"plan", "tier"}, {"topic", "subject"},
}

var synonyms = func() map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for _, g := range groups {
		for _, a := range g {
			for _, b := range g {
				if a != b {
					if m[a] == nil {
						m[a] = map[string]bool{}
					}
					m[a][b] = true
				}
			}
		}
	}
	return m
}()

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

var stop = set("a an the of in on at to for from by with and or is are was were be been do does did has have had what which who whom whose where when how many much show list give find me all any each every per that this these those there their its it i we us our you your my please tell get return display than more most least top out into first last as not no but also if so can could would should will about between during over under above below across vs versus only just number count total sum average mean max min maximum minimum")

// tok is one word, number or quoted string of a question.
type tok struct {
	raw, low, stem string
	num            *float64
	quoted         bool
	used           bool
}

func tokenize(q string) []tok {
	var out []tok
	rs := []rune(q)
	for i := 0; i < len(rs) && len(out) < 600; {
		r := rs[i]
		switch {
		case isQuote(r) && (i == 0 || !unicode.IsLetter(rs[i-1]) && !unicode.IsDigit(rs[i-1])):
			if j := closing(rs, i); j > 0 {
				s := string(rs[i+1 : j])
				out = append(out, tok{raw: s, low: strings.ToLower(s), stem: strings.ToLower(s), quoted: true})
				i = j + 1
				continue
			}
			i++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			j := i
			for j < len(rs) && (unicode.IsLetter(rs[j]) || unicode.IsDigit(rs[j]) || rs[j] == '_' ||
				j+1 < len(rs) && (unicode.IsDigit(rs[j+1]) && (rs[j] == '.' || rs[j] == ',' && isThousands(rs, j) || rs[j] == '-' && unicode.IsDigit(r) || rs[j] == '/' && unicode.IsDigit(r) || rs[j] == ':' && unicode.IsDigit(r)))) {
				j++
			}
			out = append(out, word(string(rs[i:j])))
			i = j
			if i+1 < len(rs) && isQuote(rs[i]) && (rs[i+1] == 's' || rs[i+1] == 't') {
				if rs[i+1] == 't' {
					out = append(out, word("not"))
				}
				i += 2
			}
		case strings.ContainsRune("<>=,?;", r):
			j := i + 1
			if j < len(rs) && rs[j] == '=' {
				j++
			}
			s := string(rs[i:j])
			out = append(out, tok{raw: s, low: s, stem: s})
			i = j
		default:
			i++
		}
	}
	return out
}

func isQuote(r rune) bool {
	return r == '"' || r == '\'' || r == '“' || r == '”' || r == '’' || r == '‘' || r == '`'
}

func closing(rs []rune, i int) int {
	for j := i + 1; j < len(rs) && j-i < 120; j++ {
		if isQuote(rs[j]) && (j+1 == len(rs) || !unicode.IsLetter(rs[j+1]) && !unicode.IsDigit(rs[j+1])) && (rs[i] != '"' || rs[j] == '"') {
			return j
		}
	}
	return -1
}

func isThousands(rs []rune, j int) bool {
	return j > 0 && unicode.IsDigit(rs[j-1]) && j+3 < len(rs) && unicode.IsDigit(rs[j+1]) && unicode.IsDigit(rs[j+2]) && unicode.IsDigit(rs[j+3])
}

var numberWords = map[string]float64{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "twenty": 20, "hundred": 100}

func word(s string) tok {
	low := strings.ToLower(s)
	t := tok{raw: s, low: low, stem: stem(low)}
	if n, ok := parseNumber(low); ok {
		t.num = &n
	} else if n, ok := numberWords[low]; ok {
		t.num = &n
	}
	return t
}
