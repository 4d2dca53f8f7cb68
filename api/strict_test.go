package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ raw, at string }{
		"object":             {`{"a":1,"b":[{"c":null},true],"d":{"e":"x"}}`, ""},
		"pair of surrogates": {`{"a":"\ud83d\ude00"}`, ""},
		"escaped backslash":  {`{"a":"\\u0000"}`, ""},
		"array":              {`[]`, "body"},
		"text":               {`"a"`, "body"},
		"two documents":      {`{"a":1}{"b":2}`, "body"},
		"rest":               {`{"a":1} x`, "body"},
		"cut off":            {`{"a":`, "body.a"},
		"folded key":         {`{"question":"a","QUESTION":"b"}`, "body.QUESTION"},
		"same key inside":    {`{"x":[{"a":1,"a":2}]}`, "body.x[0].a"},
		"NUL":                {`{"a":"x\u0000"}`, "body"},
		"raw NUL":            {"{\"a\":\"\x00\"}", "body"},
		"lone high":          {`{"a":"\ud800"}`, "body"},
		"high and letter":    {`{"a":"\ud800\u0041"}`, "body"},
		"lone low":           {`{"a":"\udc00"}`, "body"},
		"invalid UTF-8":      {"{\"a\":\"\xff\xfe\"}", "body"},
		"deep":               {`{"a":` + strings.Repeat("[", 100_000), "body"},
		"NaN":                {`{"a":NaN}`, "body.a"},
		"huge number":        {`{"a":[1e999]}`, "body.a[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkJSON([]byte(tc.raw))
			if tc.at == "" {
				require.NoError(t, err)
				return
			}
			var bad *badJSON
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.at, bad.location, bad.message)
		})
	}
}

func TestCheckHeaders(t *testing.T) {
	t.Parallel()
	request := func(contentType, encoding, body string) *http.Request {
		r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Content-Encoding", encoding)
		return r
	}
	for _, ct := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON; charset=UTF-8"} {
		require.NoError(t, checkHeaders(request(ct, "", "{}")), ct)
	}
	for _, ct := range []string{"", "text/plain", "application/xml", "application/json; charset=utf-7", "application/jsonp"} {
		require.Error(t, checkHeaders(request(ct, "", "{}")), ct)
	}
	require.NoError(t, checkHeaders(request("", "", "")), "no body needs no type")
	require.Error(t, checkHeaders(request("application/json", "gzip", "{}")))
}
