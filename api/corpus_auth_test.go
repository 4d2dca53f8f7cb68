package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

// flows are sentences about several requests, each with the test that sends them.
var flows = map[*regexp.Regexp]func(*testing.T){
	regexp.MustCompile(`(?i)logout.*replay`):             TestRevocationWithoutRedis,
	regexp.MustCompile(`(?i)parallel refresh`):           TestParallelRefreshesSignNobodyOut,
	regexp.MustCompile(`(?i)refresh.*(reuse|again|old)`): TestAnOldRefreshTokenEndsItsSession,
	regexp.MustCompile(`(?i)role lowered`):               TestAKeyLosesWhatItsOwnerLoses,
	regexp.MustCompile(`(?i)wrong passwords`):            TestPasswordsAreNotGuessedFromManyAddresses,
	regexp.MustCompile(`(?i)redirect|next=`):             TestNothingRedirects,
	regexp.MustCompile(`(?i)first-run|setup`):            TestTheFirstRunIsOver,
}

// compact is a token as it is sent; any other text describes tokens.
var (
	compact = regexp.MustCompile(`^[\w-]+\.[\w-]*\.[\w-]*$`)
	word    = regexp.MustCompile(`[\pL\pN]{3,}`)
	manyOf  = regexp.MustCompile(`^([\w-]+: .*?)\.{2,} ?(\.\.\. )?(\d+) MB of dots$`)
)

func (c *corpus) auth(in badInput) bool {
	token := in.text("cookie_access")
	switch {
	case compact.MatchString(token):
		c.requireNobody(token, in.ID)
	case token != "":
		return c.forged(in, token)
	case has(in, "header"):
		return c.longHeader(in)
	case has(in, "body"):
		raw, err := json.Marshal(in.Input["body"])
		require.NoError(c.t, err)
		start := time.Now()
		c.refused(in, c.a, http.MethodPost, "/api/v1/auth/login", raw)
		require.Less(c.t, time.Since(start), 10*time.Second)
	case has(in, "flow"):
		for about, test := range flows {
			if about.MatchString(in.text("flow")) {
				return test != nil
			}
		}
		return false
	default:
		return false
	}
	return true
}

// forged tries the forgeries whose names share a word with the sentence.
func (c *corpus) forged(in badInput, sentence string) bool {
	words := word.FindAllString(strings.ToLower(sentence), -1)
	tried := 0
	for name, token := range c.forgeries() {
		if slices.ContainsFunc(word.FindAllString(strings.ToLower(name), -1), func(w string) bool { return slices.Contains(words, w) }) {
			c.requireNobody(token, in.ID+" "+name)
			tried++
		}
	}
	return tried > 0
}

// longHeader sends as much as is said, which the server does not read to its
// end, and as much as reaches the handler.
func (c *corpus) longHeader(in badInput) bool {
	m := manyOf.FindStringSubmatch(in.text("header"))
	if m == nil {
		return false
	}
	name, value, _ := strings.Cut(m[1], ": ")
	size, err := strconv.Atoi(m[3])
	require.NoError(c.t, err)
	for _, n := range []int{size << 20, 20_000, 1000} {
		res := (&person{bundle: c.bundle}).raw(http.MethodGet, "/api/v1/auth/me", nil, name, value+strings.Repeat(".", n))
		require.Contains(c.t, []int{http.StatusUnauthorized, http.StatusRequestHeaderFieldsTooLarge}, res.status, "%s: %d dots", in.ID, n)
	}
	return true
}

var nextHeader = regexp.MustCompile(`; ([A-Z][A-Za-z-]+: )`)

// headers: "Name: value / other value; Name: value", methods, or a check.
func (c *corpus) headers(in badInput) bool {
	switch {
	case has(in, "method"):
		c.methods(in)
		return true
	case has(in, "check"):
		return in.text("check") == "every answer" // TestHeadersOnEveryRoute
	}
	understood := false
	for _, header := range strings.Split(nextHeader.ReplaceAllString(in.text("header"), "\n$1"), "\n") {
		name, values, _ := strings.Cut(header, ": ")
		switch http.CanonicalHeaderKey(name) {
		case "Content-Type":
			for _, value := range strings.Split(values, " / ") {
				c.contentType(in, "Content-Type", strings.TrimPrefix(value, "missing"))
			}
		case "Content-Encoding":
			c.bomb(in, strings.Fields(values)[0])
		case "Host", "X-Forwarded-Host", "X-Request-Id":
			c.notEchoed(in, name, values)
		case "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset":
			res := c.a.raw(http.MethodGet, "/api/v1/auth/me", nil, name, values)
			require.Equal(c.t, http.StatusOK, res.status, "%s %s: %s", in.ID, header, res.body)
		default:
			return false
		}
		understood = true
	}
	return understood
}

func (c *corpus) contentType(in badInput, name, value string) {
	raw, err := json.Marshal(c.own.bodies()["POST /api/v1/questions"])
	require.NoError(c.t, err)
	c.refused(in, c.a, http.MethodPost, "/api/v1/questions", raw, name, value)
}

// bomb is a body of a few kilobytes that would become many megabytes.
func (c *corpus) bomb(in badInput, encoding string) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write(bytes.Repeat([]byte{'0'}, 64<<20))
	require.NoError(c.t, err)
	require.NoError(c.t, zip.Close())
	c.refused(in, c.a, http.MethodPost, "/api/v1/questions", packed.Bytes(), "Content-Encoding", encoding)
}

// notEchoed sends a header's values, and pieces of them, past the HTTP
// client's own checks; nothing of them is in the answer or makes a header.
func (c *corpus) notEchoed(in badInput, name, values string) {
	for _, value := range append(strings.Split(values, "; "), values, strings.Repeat("x", 100<<10), strings.Repeat("x", 10<<10)) {
		value = strings.NewReplacer(`\r`, "\r", `\n`, "\n", `"`, "").Replace(value)
		for _, path := range []string{"/api/v1/auth/state", "/api/v1/nothing", "/"} {
			answer := c.rawHTTP("GET " + path + " HTTP/1.1\r\nConnection: close\r\n" + hostLine(name) + name + ": " + value + "\r\n\r\n")
			require.NotRegexp(c.t, `(?i)\nset-cookie:|\nlocation:|evil|jndi|x{1000}`, answer, in.ID)
			require.NotRegexp(c.t, `^HTTP/1.1 5`, answer, in.ID)
		}
	}
	require.NotRegexp(c.t, `jndi|x{1000}`, c.logs.String())
}

// hostLine is needed in every request but the one that sends its own.
func hostLine(name string) string {
	if name == "Host" {
		return ""
	}
	return "Host: data.example.com\r\n"
}

// rawHTTP sends bytes as they are and returns what comes back.
func (b *bundle) rawHTTP(request string) string {
	b.t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(b.t.Context(), "tcp", b.http.Listener.Addr().String())
	require.NoError(b.t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(b.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = conn.Write([]byte(request))
	require.NoError(b.t, err)
	var answer bytes.Buffer
	_, err = bufio.NewReader(conn).WriteTo(&answer)
	require.NoError(b.t, err)
	return answer.String()
}

func (c *corpus) methods(in badInput) {
	for _, method := range strings.Split(in.text("method"), ", ") {
		method, _, _ = strings.Cut(strings.Trim(strings.ReplaceAll(method, `\x00`, "\x00"), `"`), " ")
		for _, path := range []string{"/", "/api/v1/auth/me", "/api/v1/questions/" + c.own["questions"]} {
			answer := c.rawHTTP(method + " " + path + " HTTP/1.1\r\nHost: data.example.com\r\nConnection: close\r\n\r\n")
			require.Regexp(c.t, `^HTTP/1.1 40[0145]`, answer, "%s %q", in.ID, method)
			require.NotContains(c.t, answer, method+" /", "a TRACE would send the request back")
		}
	}
}

// A sign-in leads where the page decides: the server never redirects.
func TestNothingRedirects(t *testing.T) {
	t.Parallel()
	srv := pageServer(t, api.Config{BaseURL: "https://data.example.com"})
	for _, path := range []string{"/sign-in?next=//evil.example", "/sign-in?next=https:evil.example", `/sign-in?next=/\\evil.example`, "/link?redirect_uri=https://evil.example",
		"/sign-in?next=javascript:alert(1)", "//evil.example", "//evil.example/%2e%2e", "/api/v1//auth/me", "/api/v1/auth/me/", `/\evil.example`, "/./auth", "/index.html"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			res, body := fetch(t, method, srv.URL+path, http.Header{"X-Forwarded-Host": {"evil.example"}})
			require.Empty(t, res.Header.Get("Location"), path)
			require.NotContains(t, body, "evil", path)
			require.False(t, res.StatusCode >= 300 && res.StatusCode < 400 || res.StatusCode >= 500, "%s: %d", path, res.StatusCode)
		}
	}
}

// The link of the first run is used up; nothing gives out another without a sign-in.
func TestTheFirstRunIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stranger := &person{bundle: b}
	state := stranger.do(http.MethodGet, "/auth/state", nil)
	require.JSONEq(t, `{"first_run":false,"signed_in":false}`, state.body)
	older, newer := newLink(t, b.auth, b.a.scope), newLink(t, b.auth, b.a.scope)
	use := func(token string) int {
		return stranger.do(http.MethodPost, "/auth/link", map[string]any{"token": token}).status
	}
	require.Equal(t, http.StatusUnauthorized, use(older), "a newer link ends the older")
	require.Equal(t, http.StatusUnauthorized, use(newer+"x"))
	require.Equal(t, http.StatusNoContent, use(newer))
	require.Equal(t, http.StatusUnauthorized, use(newer), "once")
	late := newLink(t, b.auth, b.a.scope)
	execSQL(t, b.owner, "UPDATE sign_in_links SET expires_at = now() - interval '1 second'")
	require.Equal(t, http.StatusUnauthorized, use(late), "too old")
	for _, path := range []string{"/setup", "/auth/setup", "/auth/register", "/session/properties", "/auth/links"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			require.Equal(t, http.StatusNotFound, stranger.do(method, path, nil).status, path)
		}
	}
}
