package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/models"
)

const clear = `{"question_id":"018f"}`

// sealed is a payload as Temporal keeps it, in JSON.
func sealed(t *testing.T, codec *crypt.Codec) []byte {
	t.Helper()
	out, err := codec.Encode([]*common.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(clear)}})
	require.NoError(t, err)
	raw, err := protojson.Marshal(&common.Payloads{Payloads: out})
	require.NoError(t, err)
	return raw
}

const decodePath, encodePath = "/api/v1/temporal/codec/decode", "/api/v1/temporal/codec/encode"

func (p *person) turn(path string, body []byte, headers ...string) *answer {
	p.t.Helper()
	return p.raw(http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func TestTheTemporalUIDecodesForASignedInOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := sealed(t, b.codec)
	require.NotContains(t, string(secret), base64.StdEncoding.EncodeToString([]byte(clear)))
	res := b.a.turn(decodePath, secret, "Origin", uiOrigin)
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Contains(t, res.body, base64.StdEncoding.EncodeToString([]byte(clear)))
	require.Equal(t, uiOrigin, res.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", res.header.Get("Access-Control-Allow-Credentials"))
	require.Contains(t, res.header.Values("Vary"), "Origin")
	require.Equal(t, "no-store", res.header.Get("Cache-Control"))

	back := b.a.turn(encodePath, []byte(res.body), "Origin", uiOrigin)
	require.Equal(t, http.StatusOK, back.status, back.body)
	require.NotContains(t, back.body, base64.StdEncoding.EncodeToString([]byte(clear)))
	require.Equal(t, http.StatusOK, b.a.turn(decodePath, []byte(back.body), "Origin", uiOrigin).status)

	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit", nil).into(t, &log)
	require.Equal(t, "run.inspect", log.Items[0].Action)
	require.NotContains(t, b.logs.String(), "018f")
}

func TestNobodyElseDecodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := sealed(t, b.codec)
	analyst, viewer, stranger := b.member(models.RoleAnalyst), b.member(models.RoleViewer), &person{bundle: b}
	b.untouched(func() {
		for _, path := range []string{decodePath, encodePath} {
			for _, origin := range []string{"", "null", "https://evil.example", "http://localhost", uiOrigin + ".evil.example", uiOrigin + ":8080", uiOrigin + "/",
				strings.ToUpper(uiOrigin), strings.Replace(uiOrigin, "http:", "https:", 1), b.http.URL} {
				var header []string
				if origin != "" {
					header = []string{"Origin", origin}
				}
				for _, method := range []string{http.MethodPost, http.MethodOptions} {
					res := b.a.raw(method, path, secret, header...)
					require.Equal(t, http.StatusForbidden, res.status, "%s from %q", method, origin)
					requireProblem(t, res, origin)
					require.Empty(t, res.header.Get("Access-Control-Allow-Origin"))
				}
			}
			for _, p := range []*person{analyst, viewer} {
				res := p.turn(path, secret, "Origin", uiOrigin)
				require.Equal(t, http.StatusForbidden, res.status, "as %s", p.scope.Role)
				requireProblem(t, res, string(p.scope.Role))
			}
			// Runs of all organisations are sealed by one key.
			res := b.b.turn(path, secret, "Origin", uiOrigin)
			require.Equal(t, http.StatusForbidden, res.status, "an administrator of another organisation")
			requireProblem(t, res, "set up first")
			require.Equal(t, http.StatusUnauthorized, stranger.turn(path, secret, "Origin", uiOrigin).status)
		}
	})
	preflight := stranger.raw(http.MethodOptions, decodePath, nil, "Origin", uiOrigin, "Access-Control-Request-Method", "POST")
	require.Equal(t, http.StatusNoContent, preflight.status)
	require.Equal(t, uiOrigin, preflight.header.Get("Access-Control-Allow-Origin"))
	require.NotContains(t, preflight.header.Get("Access-Control-Allow-Headers"), "*")
}

func TestPayloadsThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, err := crypt.NewCodec(crypt.GenerateCodecKey())
	require.NoError(t, err)
	var doc map[string][]map[string]any
	require.NoError(t, json.Unmarshal(sealed(t, b.codec), &doc))
	doc["payloads"][0]["data"] = base64.StdEncoding.EncodeToString([]byte("not what was sealed, but long enough for a nonce"))
	changed, err := json.Marshal(doc)
	require.NoError(t, err)
	b.untouched(func() {
		for name, body := range map[string][]byte{"another key's": sealed(t, other), "changed": changed, "empty": nil, "no JSON": []byte("x"), "a list": []byte("[]"),
			"bad base64": []byte(`{"payloads":[{"data":"%%%"}]}`), "unknown field": []byte(`{"payload":[]}`)} {
			res := b.a.turn(decodePath, body, "Origin", uiOrigin)
			require.Equal(t, http.StatusBadRequest, res.status, name)
			requireProblem(t, res, name)
		}
		large := b.a.turn(decodePath, []byte(`{"payloads":[{"data":"`+strings.Repeat("A", 9<<20)+`"}]}`), "Origin", uiOrigin)
		require.Equal(t, http.StatusRequestEntityTooLarge, large.status)
		require.Equal(t, "body_too_large", large.code(t))
	})
	without := setup(t, func(d *api.Deps) { d.Config.TemporalUIURL = "" })
	require.Equal(t, http.StatusNotFound, without.a.turn(decodePath, nil, "Origin", uiOrigin).status, "no UI, no codec")
}
