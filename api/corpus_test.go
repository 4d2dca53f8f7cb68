package api_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/testkit"
)

// badInput is a line of the shared corpus of bad HTTP inputs. Input is data
// where it can be sent as it stands, and a sentence where it describes cases.
type badInput struct {
	ID, Area, Expected, Why string
	Input                   map[string]any
}

func (in badInput) text(key string) string {
	s, _ := in.Input[key].(string)
	return s
}

func badInputs(t *testing.T) (all []badInput) {
	t.Helper()
	file, err := os.Open(testkit.Shared(t, "corpus", "http_bad.jsonl"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var in badInput
		require.NoError(t, json.Unmarshal(lines.Bytes(), &in))
		all = append(all, in)
	}
	require.NoError(t, lines.Err())
	return all
}

// corpus is an API with something of everything for the lines of one area.
type corpus struct {
	*bundle
	t      *testing.T
	own    belongings // Ann's
	theirs belongings // Ben's
	pages  []string   // the lists of what Ann has
}

// interpretations say what to send for a line, by its area. One that returns
// false does not know the line.
var interpretations = map[string]func(*corpus, badInput) bool{
	"json": (*corpus).json, "ids": (*corpus).ids, "pagination": (*corpus).pagination, "email": (*corpus).email,
	"connection_host": (*corpus).connection, "headers": (*corpus).headers, "auth": (*corpus).auth,
}

// later are lines about what does not exist yet; each area of the product
// that is added takes its lines out of here.
var later = regexp.MustCompile(`(?i)OIDC id_token|SAML|export of user`)

func TestBadInputsOfTheCorpus(t *testing.T) {
	t.Parallel()
	byArea := map[string][]badInput{}
	for _, in := range badInputs(t) {
		byArea[in.Area] = append(byArea[in.Area], in)
	}
	for area, interpret := range interpretations {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, byArea[area])
			b := setup(t)
			b.t = t
			c := &corpus{bundle: b, t: t, own: b.a.belongings(), theirs: b.b.belongings()}
			c.pages = c.lists(c.own)
			for _, in := range byArea[area] {
				if later.MatchString(in.text("flow")) {
					continue
				}
				understood := false
				if has(in, "flow") { // several requests, some of which do what they ask
					understood = interpret(c, in)
				} else {
					c.untouched(func() { understood = interpret(c, in) })
				}
				require.True(t, understood, "%s: not understood: %.300v", in.ID, in.Input)
			}
			require.NotContains(t, b.logs.String(), `"panic"`)
		})
	}
}

// refused sends a request and requires a problem.
func (c *corpus) refused(in badInput, p *person, method, path string, body []byte, headers ...string) {
	c.t.Helper()
	res := p.raw(method, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
	requireProblem(c.t, res, in.ID+" "+method+" "+path[:min(len(path), 200)])
}

var repeated = regexp.MustCompile(`^(.*?)\.*("?}?) repeated to (\d+) MB$`)

// json: a body as text or in hexadecimal goes to routes of all kinds.
func (c *corpus) json(in badInput) bool {
	raw := []byte(in.text("raw"))
	if text := in.text("raw_hex"); text != "" {
		var err error
		raw, err = hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(c.t, err)
	}
	if m := repeated.FindStringSubmatch(string(raw)); m != nil {
		n, err := strconv.Atoi(m[3])
		require.NoError(c.t, err)
		raw = []byte(m[1] + strings.Repeat("x", n<<20) + m[2])
	}
	if len(raw) == 0 && !has(in, "raw") {
		return false
	}
	for _, route := range c.writes() {
		if _, ok := takesBody(c.own, route); ok && (len(raw) < 1<<20 || route.Path == "/api/v1/questions") {
			c.refused(in, c.a, route.Method, c.own.concrete(c.t, route), raw, origin(route)...)
		}
	}
	return true
}

func has(in badInput, key string) bool { _, ok := in.Input[key]; return ok }

var placeholder = regexp.MustCompile(`\{(cursor of )?([a-z]+ of )?(other org|another org|own)\}`)

// ids: ids of another organisation in paths and bodies, and what is no id.
func (c *corpus) ids(in badInput) bool {
	switch {
	case has(in, "path"):
		c.foreignPath(in)
	case has(in, "body"):
		body := map[string]any{}
		for field, value := range in.Input["body"].(map[string]any) {
			body[field] = value
			switch kind := strings.TrimSuffix(field, "_id") + "s"; value {
			case "{other org}":
				if body[field] = c.own[kind]; field == "org_id" {
					body[field] = c.a.scope.OrgID
				}
			case "{own}":
				body[field] = c.theirs[kind]
			}
		}
		raw, err := json.Marshal(body)
		require.NoError(c.t, err)
		for _, path := range []string{"/questions", "/conversations", "/connections/test"} {
			c.refused(in, c.b, http.MethodPost, "/api/v1"+path, raw)
		}
	case has(in, "path_id"):
		c.badIDs(in)
	case strings.Contains(strings.ToLower(in.text("flow")), "workflow id"):
		c.untouched(func() {
			for _, kind := range []string{"ask", "alert", "export", "report", "sync", "test"} {
				for _, sep := range []string{"/", "%2F", "-"} {
					c.noSuchID(in, c.b, kind+sep+c.own["questions"])
				}
			}
		})
	default:
		return false
	}
	return true
}

// foreignPath asks, as another organisation, for "/things/{id of another org}":
// under the thing's name and its likely spellings, with every id that Ann has.
func (c *corpus) foreignPath(in badInput) {
	thing, _, _ := strings.Cut(strings.Trim(in.text("path"), "/"), "/")
	methods, _ := in.Input["methods"].([]any)
	require.NotEmpty(c.t, methods)
	for _, id := range c.own {
		for _, name := range []string{strings.ReplaceAll(thing, " ", "-"), strings.ReplaceAll(thing, " ", ""), url.PathEscape(thing), strings.Fields(thing)[0]} {
			for _, method := range methods {
				c.refused(in, c.b, method.(string), "/api/v1/"+name+"/"+id, []byte("{}"))
			}
		}
	}
}

// badIDs are given as a list, or as a sentence that names other spellings of a real id.
func (c *corpus) badIDs(in badInput) {
	if list, ok := in.Input["path_id"].([]any); ok {
		for _, id := range list {
			c.noSuchID(in, c.a, id.(string))
			c.noSuchID(in, c.a, url.PathEscape(id.(string)))
		}
		return
	}
	id := c.own["questions"]
	for words, form := range map[string]string{"upper case": strings.ToUpper(id), "braces": "{" + id + "}",
		"without dashes": strings.ReplaceAll(id, "-", ""), "urn:uuid:": "urn:uuid:" + id} {
		if strings.Contains(in.text("path_id"), words) {
			c.noSuchID(in, c.a, form)
			c.noSuchID(in, c.b, form)
		}
	}
}

// noSuchID walks all routes with an id that must not be found.
func (c *corpus) noSuchID(in badInput, p *person, id string) {
	c.t.Helper()
	if _, err := url.ParseRequestURI("/" + id); err != nil {
		return // no client can send it
	}
	for _, route := range c.server.Routes() {
		if !strings.Contains(route.Path, "{id}") {
			continue
		}
		res := p.raw(route.Method, strings.ReplaceAll(route.Path, "{id}", id), nil)
		what := in.ID + " " + route.Method + " " + route.Path + " " + id[:min(len(id), 60)]
		requireProblem(c.t, res, what)
		require.Contains(c.t, []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed}, res.status, what)
	}
}

// pagination: a query goes to every list.
func (c *corpus) pagination(in badInput) bool {
	query := url.Values{}
	fields, ok := in.Input["query"].(map[string]any)
	if !ok {
		return false
	}
	for name, value := range fields {
		switch value := value.(type) {
		case string:
			if placeholder.MatchString(value) {
				value, _ = c.b.do(http.MethodGet, "/audit?limit=1", nil).field(c.t, "next_cursor").(string)
				require.NotEmpty(c.t, value)
			}
			query.Set(name, value)
		case []any:
			for _, v := range value {
				query.Add(name, v.(string))
			}
		default:
			return false
		}
	}
	for _, path := range c.pages {
		res := c.a.raw(http.MethodGet, path+"?"+query.Encode(), nil)
		if res.status != http.StatusOK {
			requireProblem(c.t, res, in.ID+" "+path)
			continue
		}
		// A value of the right form: a limit given twice, a place in time.
		var page api.Page[map[string]any]
		res.into(c.t, &page)
		require.LessOrEqual(c.t, len(page.Items), 200)
		require.NotContains(c.t, res.body, c.b.scope.OrgID)
		for _, id := range c.theirs {
			require.NotContains(c.t, res.body, id)
		}
	}
	return true
}

// email: an address goes to every field that takes one.
func (c *corpus) email(in badInput) bool {
	if !has(in, "email") {
		return false
	}
	for path, field := range map[string]map[string]any{
		"/auth/login":    {"password": "whatever it is"},
		"/auth/password": {"new_password": "a quiet river runs"},
	} {
		field["email"] = in.Input["email"]
		raw, err := json.Marshal(field)
		require.NoError(c.t, err)
		c.refused(in, c.a, http.MethodPost, "/api/v1"+path, raw)
	}
	return true
}
