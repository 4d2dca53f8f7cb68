package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
)

// The full form of the crash test is 'make export-chaos'.
var (
	exportRows  = flag.Int("export-rows", 200_000, "rows of the export whose workers are killed")
	exportKills = flag.Int("export-kills", 5, "how often they are killed")
	exportSeed  = flag.Uint64("export-seed", 7, "of the moments at which they are killed")
)

// events is a table whose rows take the database some time.
func events(rows int) string {
	return fmt.Sprintf(`CREATE TABLE events (id bigint PRIMARY KEY, name text, note text, amount numeric(12,2), at timestamptz);
		INSERT INTO events SELECT i, 'event ' || i, (ARRAY[NULL, '', 'a, "b"', E'two\nlines', 'ü✓'])[1 + i %% 5], i / 7.0, timestamptz '2026-01-01 00:00+00' + i * interval '1 second'
			FROM generate_series(1, %d) i;
		GRANT SELECT ON events TO reader; ANALYZE events; CHECKPOINT;`, rows)
}

// slowly makes a row of work for the database.
const slowly = ", md5(repeat(e.name, %d)) AS digest"

// killed runs an export whose worker is killed again and again at seeded random
// moments, and returns it when it is done.
func killed(t *testing.T, s *system.System, body map[string]any, kills int, within time.Duration) api.Export {
	t.Helper()
	random := rand.New(rand.NewPCG(*exportSeed, 0))
	worker := s.Workers[1]
	var e api.Export
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports", body, &e)
	claims := func() (claim int) {
		row, err := s.Store.GetExport(t.Context(), s.Owner.Scope(), e.ID)
		require.NoError(t, err)
		require.NotEqual(t, models.ExportFailed, row.Status, row.ErrorText)
		return row.Claim
	}
	for n := range kills {
		system.Eventually(t, "a worker has taken the export", func() bool { return claims() > n })
		time.Sleep(time.Duration(random.Int64N(int64(within)))) // the moment is what is tested
		worker.Kill()
		worker.Start(system.WorkerReady)
	}
	system.EventuallyWithin(t, 10*time.Minute, "the export is done", func() bool {
		s.Owner.Call(http.StatusOK, http.MethodGet, "/exports/"+e.ID, nil, &e)
		require.NotEqual(t, models.ExportFailed, e.Status, e.Error)
		return e.Status.Final()
	})
	require.Equal(t, models.ExportDone, e.Status)
	require.Greater(t, claims(), kills)
	return e
}

// file fetches an export's file by a link, without a session.
func file(t *testing.T, s *system.System, id string) *http.Response {
	t.Helper()
	var link api.ExportLink
	s.Owner.Call(http.StatusOK, http.MethodPost, "/exports/"+id+"/link", map[string]any{}, &link)
	u, err := url.Parse(link.URL)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.APIs[0].URL+u.RequestURI(), nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	return res
}

// copied is the digest of what PostgreSQL itself writes for a query.
func copied(t *testing.T, s *system.System, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Customer.DSN("shop"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), "SET TimeZone = 'UTC'")
	require.NoError(t, err)
	sum := sha256.New()
	_, err = conn.PgConn().CopyTo(t.Context(), sum, "COPY ("+sql+") TO STDOUT (FORMAT csv, HEADER)")
	require.NoError(t, err)
	return hex.EncodeToString(sum.Sum(nil))
}

// unzstd unpacks a whole file.
func unzstd(t *testing.T, packed []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer r.Close()
	raw, err := r.DecodeAll(packed, nil)
	require.NoError(t, err)
	return raw
}

// An export in a unique order goes on where its dead workers were: byte for byte
// what PostgreSQL itself copies, no row lost, doubled or torn.
func TestKilledWhileExporting(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,model,query", "export"}})
	s.Exec("shop", events(*exportRows))
	s.Know("events")
	sql := "SELECT id, name, note, amount, at" + fmt.Sprintf(slowly, 300_000_000 / *exportRows) + " FROM events e"
	e := killed(t, s, map[string]any{"connection_id": s.Connection, "sql": sql, "format": "csv", "name": "events"}, *exportKills, 1500*time.Millisecond)
	require.Equal(t, int64(*exportRows), e.Rows)
	require.True(t, *e.Continues)
	require.Greater(t, e.Parts, 1)
	sum := sha256.New()
	n, err := io.Copy(sum, file(t, s, e.ID).Body)
	require.NoError(t, err)
	require.Equal(t, e.Bytes, n)
	require.Equal(t, e.SHA256, hex.EncodeToString(sum.Sum(nil)))
	require.Equal(t, copied(t, s, sql+" ORDER BY id"), e.SHA256)
	t.Logf("%d rows, %d kills, %d parts of %d moments, sha256 %s", e.Rows, *exportKills, e.Parts, e.Snapshots, e.SHA256)
}

// Without an order it starts again cleanly: of the tries before nothing is left.
func TestKilledWhileExportingWithoutAnOrder(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,model,query", "export"}})
	rows := min(*exportRows, 200_000)
	s.Exec("shop", events(rows))
	s.Know("events")
	sql := "SELECT e.id, c.country" + fmt.Sprintf(slowly, 30_000_000/rows) + " FROM events e JOIN customers c ON c.id = 1 + e.id % 50"
	e := killed(t, s, map[string]any{"connection_id": s.Connection, "sql": sql, "format": "jsonl", "compression": "zstd", "name": "events"}, *exportKills, 700*time.Millisecond)
	require.False(t, *e.Continues)
	require.Equal(t, []any{int64(rows), 1, 1}, []any{e.Rows, e.Parts, e.Snapshots})
	body, err := io.ReadAll(file(t, s, e.ID).Body)
	require.NoError(t, err)
	seen := make([]bool, rows+1)
	lines := bufio.NewScanner(bytes.NewReader(unzstd(t, body)))
	for lines.Scan() {
		var row struct {
			ID      int
			Country string
			Digest  string
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		require.Len(t, row.Digest, 32)
		require.False(t, seen[row.ID], "row %d came twice", row.ID)
		seen[row.ID] = true
	}
	for id := 1; id <= rows; id++ {
		require.True(t, seen[id], "row %d is lost", id)
	}
}

// Pause and cancel reach the database, and a paused export goes on.
func TestExportIsPausedAndCancelled(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	s.Exec("shop", events(100_000))
	s.Know("events")
	sql := "SELECT id, name" + fmt.Sprintf(slowly, 2000) + " FROM events e"
	start := func() (e api.Export) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports", map[string]any{"connection_id": s.Connection, "sql": sql, "format": "csv", "compression": "gzip"}, &e)
		system.EventuallyWithin(t, 3*time.Minute, "rows are written", func() bool {
			s.Owner.Call(http.StatusOK, http.MethodGet, "/exports/"+e.ID, nil, &e)
			require.False(t, e.Status.Final(), "%s %s", e.Status, e.Error)
			return e.Rows > 0
		})
		return e
	}
	await := func(e api.Export, status models.ExportStatus) api.Export {
		system.Eventually(t, "the export is "+string(status), func() bool {
			s.Owner.Call(http.StatusOK, http.MethodGet, "/exports/"+e.ID, nil, &e)
			return e.Status == status
		})
		return e
	}
	steer := func(e api.Export, what string) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports/"+e.ID+"/"+what, map[string]any{}, nil)
	}
	e := start()
	steer(e, "cancel")
	await(e, models.ExportCancelled)
	require.Zero(t, s.Running("md5"), "stopped when it says so")

	e = start()
	steer(e, "pause")
	await(e, models.ExportPaused)
	require.Zero(t, s.Running("md5"), "a pause is one for the database, too")
	steer(e, "resume")
	e = await(e, models.ExportDone)
	require.Equal(t, int64(100_000), e.Rows)
	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/exports/"+e.ID, nil, nil)
	system.Eventually(t, "the files are deleted", func() bool {
		rows, err := s.Store.SystemDueExports(t.Context(), 10)
		require.NoError(t, err)
		return len(rows) == 0
	})
}
