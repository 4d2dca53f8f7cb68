package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// exported is a new export of one's own.
func (p *person) exported(connection string) api.Export {
	p.t.Helper()
	var e api.Export
	res := p.do(http.MethodPost, "/exports", map[string]any{"connection_id": connection, "sql": "SELECT id FROM orders", "format": "csv", "name": "Orders: März / 2026"})
	require.Equal(p.t, http.StatusAccepted, res.status, res.body)
	res.into(p.t, &e)
	return e
}

// finish writes an export's parts as a worker does.
func (p *person) finishExport(id string, parts ...string) {
	p.t.Helper()
	ctx := p.t.Context()
	e, err := p.store.ClaimExport(ctx, p.scope, id)
	require.NoError(p.t, err)
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	for i, text := range parts {
		object := e.OrgID + "/" + e.ID + "/" + store.NewID()
		require.NoError(p.t, p.bucket.WriteAll(ctx, object, []byte(text), nil))
		digest := ""
		if i == len(parts)-1 {
			digest = hex.EncodeToString(sum[:])
		}
		require.NoError(p.t, p.store.AddExportPart(ctx, p.scope, e, &models.ExportPart{Number: i + 1, Object: object, Rows: 1, Bytes: int64(len(text)), Digest: []byte("x"), LastKey: []string{}}, 0, digest))
	}
}

func (p *person) link(id string) string {
	p.t.Helper()
	var link api.ExportLink
	res := p.do(http.MethodPost, "/exports/"+id+"/link", nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	res.into(p.t, &link)
	require.WithinDuration(p.t, time.Now().Add(10*time.Minute), link.ExpiresAt, time.Minute)
	u, err := url.Parse(link.URL)
	require.NoError(p.t, err)
	return p.http.URL + u.RequestURI()
}

// fetchFile gets a link without a session.
func fetchFile(t *testing.T, address string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestAnExportIsSteered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	e := b.a.exported(connection)
	require.Equal(t, []any{models.ExportQueued, "Orders-März-2026.csv", int64(-1)}, []any{e.Status, e.FileName, e.Estimate})
	require.Contains(t, b.runs.take(), "start export "+e.ID)
	for _, step := range []struct{ path, call string }{{"pause", "pause export " + e.ID + " true"}, {"resume", "pause export " + e.ID + " false"}, {"cancel", "stop export " + e.ID}} {
		res := b.a.do(http.MethodPost, "/exports/"+e.ID+"/"+step.path, nil)
		require.Equal(t, http.StatusAccepted, res.status, res.body)
		require.Contains(t, b.runs.take(), step.call)
	}
	require.Equal(t, http.StatusConflict, b.a.do(http.MethodDelete, "/exports/"+e.ID, nil).status, "it is not at its end")
	require.Equal(t, "not_finished", b.a.do(http.MethodPost, "/exports/"+e.ID+"/link", nil).code(t))
	b.a.finishExport(e.ID, "id\n", "1\n")
	require.Equal(t, "conflict", b.a.do(http.MethodPost, "/exports/"+e.ID+"/pause", nil).code(t))
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/exports/"+e.ID, nil).status)
	require.Contains(t, b.runs.take(), "delete export "+e.ID)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/exports/"+e.ID, nil).status)
	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit?action=export.", nil).into(t, &log)
	var actions []string
	for _, event := range log.Items {
		actions = append(actions, event.Action)
	}
	require.Equal(t, []string{"export.delete", "export.cancel", "export.resume", "export.pause", "export.create"}, actions)
}

func TestWhatIsExported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q := b.a.asked(connection)
	res := b.a.do(http.MethodPost, "/exports", map[string]any{"question_id": q.ID, "format": "xlsx"})
	require.Equal(t, "not_finished", res.code(t))
	for _, body := range []map[string]any{{"format": "csv"}, {"format": "csv", "sql": "SELECT 1"}, {"format": "csv", "sql": "SELECT 1", "connection_id": connection, "question_id": q.ID},
		{"format": "pdf", "sql": "SELECT 1", "connection_id": connection}, {"format": "csv", "compression": "lz4", "sql": "SELECT 1", "connection_id": connection},
		{"format": "csv", "sql": "  ", "connection_id": connection}, {"format": "csv", "sql": "SELECT {{n}}", "connection_id": connection, "parameters": []any{map[string]any{"name": "n", "type": "number", "value": "x"}}}} {
		requireProblem(t, b.a.do(http.MethodPost, "/exports", body), "")
	}
	saved := b.a.savedQuery(connection, false)
	res = b.a.do(http.MethodPost, "/exports", map[string]any{"saved_query_id": saved, "values": map[string]any{"country": "FR"}, "format": "parquet", "compression": "zstd"}, "Idempotency-Key", "the-same-request")
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, saved, res.field(t, "saved_query_id"))
	again := b.a.do(http.MethodPost, "/exports", map[string]any{"saved_query_id": saved, "values": map[string]any{"country": "FR"}, "format": "parquet", "compression": "zstd"}, "Idempotency-Key", "the-same-request")
	require.Equal(t, res.field(t, "id"), again.field(t, "id"))
	other := b.a.do(http.MethodPost, "/exports", map[string]any{"saved_query_id": saved, "values": map[string]any{"country": "FR"}, "format": "csv"}, "Idempotency-Key", "the-same-request")
	require.Equal(t, "idempotency_key_reused", other.code(t))
	var estimate api.ExportEstimate
	b.a.do(http.MethodPost, "/exports/estimate", map[string]any{"saved_query_id": saved, "values": map[string]any{"country": "FR"}, "format": "csv"}).into(t, &estimate)
	require.Equal(t, []any{int64(12), true, int64(100_000_000)}, []any{estimate.Rows, estimate.Continues, estimate.MaxRows})
}

func TestAFileIsFetchedByItsLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.a.exported(b.a.connection())
	b.a.finishExport(e.ID, "id,name\n", "1,Ann\n", "", "2,Ben\n")
	whole := "id,name\n1,Ann\n2,Ben\n"
	link := b.a.link(e.ID)
	res, body := fetchFile(t, link)
	require.Equal(t, []any{http.StatusOK, whole, int64(len(whole))}, []any{res.StatusCode, body, res.ContentLength})
	sum := sha256.Sum256([]byte(whole))
	for name, want := range map[string]string{"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename*=utf-8''Orders-M%C3%A4rz-2026.csv",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store", "Etag": `"` + hex.EncodeToString(sum[:]) + `"`, "Accept-Ranges": "bytes"} {
		require.Equal(t, want, res.Header.Get(name), name)
	}
	for asked, want := range map[string]string{"bytes=0-3": whole[:4], "bytes=6-11": whole[6:12], "bytes=-4": whole[len(whole)-4:], "bytes=10-": whole[10:]} {
		res, body := fetchFile(t, link, "Range", asked)
		require.Equal(t, http.StatusPartialContent, res.StatusCode)
		require.Equal(t, want, body, asked)
	}
	res, _ = fetchFile(t, link, "Range", "bytes=999-")
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, res.StatusCode)
	res, body = fetchFile(t, link, "Range", "bytes=3-", "If-Range", `"another file"`)
	require.Equal(t, []any{http.StatusOK, whole}, []any{res.StatusCode, body})
	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit?action=export.download", nil).into(t, &log)
	require.NotEmpty(t, log.Items)
	require.Equal(t, []any{e.ID, b.a.scope.UserID}, []any{log.Items[0].TargetID, log.Items[0].UserID})
}

// A link is worth what its person is worth at the moment.
func TestALinkIsCheckedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.member(models.RoleAnalyst)
	e := p.exported(b.a.connection())
	p.finishExport(e.ID, "id\n")
	link := p.link(e.ID)
	status := func(address string) int {
		res, _ := fetchFile(t, address)
		return res.StatusCode
	}
	require.Equal(t, http.StatusOK, status(link))
	for _, forged := range []string{strings.Replace(link, "link=", "link=x", 1), link + "x", strings.Split(link, "?")[0], link[:strings.LastIndexByte(link, '.')], strings.Replace(link, e.ID, store.NewID(), 1)} {
		require.Equal(t, http.StatusNotFound, status(forged), forged)
	}
	_, _, err := b.store.SetRole(t.Context(), b.a.scope, p.scope.UserID, models.RoleViewer)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status(link), "the role of now counts")
	_, _, err = b.store.SetRole(t.Context(), b.a.scope, p.scope.UserID, models.RoleAnalyst)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status(link))
	execSQL(t, b.owner, "UPDATE users SET tokens_valid_from = now() + interval '1 minute' WHERE id = '"+p.scope.UserID+"'")
	require.Equal(t, http.StatusGone, status(link), "signed out everywhere")
	execSQL(t, b.owner, "UPDATE users SET tokens_valid_from = 'epoch' WHERE id = '"+p.scope.UserID+"'")
	execSQL(t, b.owner, "UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = '"+e.ID+"'")
	require.Equal(t, http.StatusGone, status(link), "expired, though not deleted yet")
	execSQL(t, b.owner, "UPDATE exports SET expires_at = now() + interval '1 hour' WHERE id = '"+e.ID+"'")
	require.Equal(t, http.StatusOK, status(link))
	_, err = b.store.RemoveMember(t.Context(), b.a.scope, p.scope.UserID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, status(link), "no member any more")
}

// A part that is lost or short ends the answer before its end; it never looks whole.
func TestAFileThatBreaksOffLooksBroken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.a.exported(b.a.connection())
	b.a.finishExport(e.ID, "id\n", strings.Repeat("1\n", 100_000))
	parts, err := b.store.ExportParts(t.Context(), b.a.scope, e.ID)
	require.NoError(t, err)
	require.NoError(t, b.bucket.WriteAll(t.Context(), parts[1].Object, []byte("1\n"), nil))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.a.link(e.ID), nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		defer func() { _ = res.Body.Close() }()
		_, err = io.ReadAll(res.Body)
	}
	require.Error(t, err)
}

func TestExportSettingsAreTheOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	analyst := b.member(models.RoleAnalyst)
	change := map[string]any{"keep_hours": 2, "roles": []map[string]any{{"role": "analyst", "max_rows": 7, "max_bytes": 1 << 20}}}
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPut, "/export-settings", change).status)
	res := b.a.do(http.MethodPut, "/export-settings", change)
	require.Equal(t, http.StatusOK, res.status, res.body)
	var settings api.ExportSettings
	analyst.do(http.MethodGet, "/export-settings", nil).into(t, &settings)
	require.Equal(t, 2, settings.KeepHours)
	require.Equal(t, api.ExportRoleLimit{Role: models.RoleAnalyst, MaxRows: 7, MaxBytes: 1 << 20}, settings.Roles[2])
	require.Equal(t, int64(7), analyst.exported(connection).MaxRows)
	require.Equal(t, int64(100_000_000), b.a.exported(connection).MaxRows)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodPost, "/exports", map[string]any{"connection_id": connection, "sql": "SELECT 1", "format": "csv"}).status)
}

func TestWithoutABucketThereAreNoExports(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Bucket = nil })
	res := b.a.do(http.MethodPost, "/exports", map[string]any{"connection_id": b.a.connection(), "sql": "SELECT 1", "format": "csv"})
	require.Equal(t, "export_setup", res.code(t))
}
