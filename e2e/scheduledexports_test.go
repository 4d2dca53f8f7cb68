package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// channel sets up a channel that writes to the mailbox.
func (m *mailbox) channel(s *system.System) string {
	var c api.Channel
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/channels", map[string]any{"name": "post", "kind": "email",
		"settings": map[string]any{"host": "127.0.0.1", "port": m.port, "tls": "plain", "from": "datamind@example.com", "to": []string{"ann@example.com"}}}, &c)
	return c.ID
}

// attached are the files of a letter, by their names.
func attached(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	files := map[string][]byte{}
	var walk func(contentType string, body io.Reader)
	walk = func(contentType string, body io.Reader) {
		kind, params, err := mime.ParseMediaType(contentType)
		require.NoError(t, err)
		if !strings.HasPrefix(kind, "multipart/") {
			return
		}
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			if name := p.FileName(); name != "" {
				content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
				require.NoError(t, err)
				files[name] = content
			}
			walk(p.Header.Get("Content-Type"), p)
		}
	}
	walk(m.Header.Get("Content-Type"), m.Body)
	return files
}

// place is a second bucket, into which scheduled exports may be copied.
func place(t *testing.T) (dir, env string) {
	t.Helper()
	dir = t.TempDir()
	return dir, "DATAMIND_EXPORT_TARGETS=lake=file://" + filepath.ToSlash(dir)
}

// scheduled makes a scheduled export that runs when it is triggered.
func scheduled(t *testing.T, s *system.System, body map[string]any) (e api.ExportSchedule, trigger func()) {
	t.Helper()
	body["cron"], body["time_zone"] = "0 6 1 1 *", "Europe/Berlin"
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/export-schedules", body, &e)
	system.Eventually(t, "Temporal has the schedule", func() bool {
		return number(t, s, "SELECT count(*) FROM schedules WHERE applied = version AND kind = 'export'") == 1
	})
	row, err := s.Store.FindSchedule(t.Context(), s.Owner.Scope(), models.ScheduleExport, e.ID, e.Timing)
	require.NoError(t, err)
	tc, err := client.Dial(client.Options{HostPort: s.Temporal, Namespace: s.Namespace})
	require.NoError(t, err)
	t.Cleanup(tc.Close)
	return e, func() {
		t.Helper()
		require.NoError(t, tc.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(&row)).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	}
}

func history(s *system.System, id string) []api.ScheduledExport {
	var page api.Page[api.ScheduledExport]
	s.Owner.Call(http.StatusOK, http.MethodGet, "/export-schedules/"+id+"/exports", nil, &page)
	return page.Items
}

// theFile is the one file of a directory, with its digest.
func theFile(t *testing.T, dir string) (name, digest string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, all, 1, "one file, and nothing beside it")
	raw, err := os.ReadFile(filepath.Join(dir, all[0].Name()))
	require.NoError(t, err)
	sum := sha256.Sum256(raw)
	return all[0].Name(), hex.EncodeToString(sum[:])
}

func told(e api.ScheduledExport) bool {
	for _, m := range e.Messages {
		if m.Status != models.DeliverySent {
			return false
		}
	}
	return len(e.Messages) > 0
}

// An export by the clock arrives: in a bucket, by mail with its file, and as a message.
func TestAScheduledExportIsDelivered(t *testing.T) {
	t.Parallel()
	dir, env := place(t)
	s := system.Start(t, system.Options{Env: []string{env}})
	r, box := newReceiver(t), newMailbox(t)
	e, trigger := scheduled(t, s, map[string]any{"connection_id": s.Connection, "sql": "SELECT id, amount FROM orders ORDER BY id", "name": "All orders", "format": "csv",
		"channels": []string{webhook(s, r), box.channel(s)}, "attach": true, "target": "lake", "folder": "daily/orders"})
	trigger()
	var made api.ScheduledExport
	system.EventuallyWithin(t, time.Minute, "it is exported and told", func() bool {
		all := history(s, e.ID)
		if len(all) == 1 {
			made = all[0]
		}
		return len(all) == 1 && told(made)
	})
	require.Equal(t, []any{models.ExportDone, int64(1000), ""}, []any{made.Status, made.Rows, made.CopyError})
	name, digest := theFile(t, filepath.Join(dir, "daily", "orders"))
	require.Equal(t, made.SHA256, digest)
	require.Equal(t, "All-orders-"+made.ScheduledAt.UTC().Format("20060102T150405Z")+".csv", name)
	require.Equal(t, "lake: daily/orders/"+name, made.CopiedTo)
	require.Equal(t, []string{"All orders is ready"}, r.told())
	letters := box.all()
	require.Len(t, letters, 1)
	sum := sha256.Sum256(attached(t, letters[0])["All-orders.csv"])
	require.Equal(t, made.SHA256, hex.EncodeToString(sum[:]), "the file came with the mail")

	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/connections/"+s.Connection+"?conversations=true", nil, nil)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/export-schedules/"+e.ID+"/run", map[string]any{}, nil)
	system.EventuallyWithin(t, time.Minute, "it says that it is paused", func() bool { return len(r.told()) == 2 })
	require.Equal(t, "All orders: the scheduled export is paused", r.told()[1])
	var got api.ExportSchedule
	s.Owner.Call(http.StatusOK, http.MethodGet, "/export-schedules/"+e.ID, nil, &got)
	require.Equal(t, []any{true, models.PausedConnectionGone}, []any{got.Paused, got.PauseCode})
	system.Eventually(t, "Temporal has no schedule any more", func() bool { return number(t, s, "SELECT count(*) FROM schedules") == 0 })
}

// What fails is told once, and a place that is gone does not keep the export back.
func TestAScheduledExportThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	dir, env := place(t)
	s := system.Start(t, system.Options{Env: []string{env}})
	r := newReceiver(t)
	e, trigger := scheduled(t, s, map[string]any{"connection_id": s.Connection, "sql": "SELECT 1 / (id - 500) AS n FROM orders", "name": "Shares", "format": "csv",
		"channels": []string{webhook(s, r)}, "target": "lake"})
	trigger()
	system.EventuallyWithin(t, time.Minute, "it says that it failed", func() bool { return len(r.told()) == 1 })
	require.Equal(t, []string{"Shares could not be exported"}, r.told())
	require.Equal(t, models.ExportFailed, history(s, e.ID)[0].Status)
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, all, "nothing was copied")
}

// Workers that die in the middle of it make no second export, no second message
// and no torn file.
func TestKilledWhileAScheduledExportIsMade(t *testing.T) {
	t.Parallel()
	dir, env := place(t)
	s := system.Start(t, system.Options{Workers: []string{"ask,model,query,alert", "export"}, Env: []string{env}})
	s.Exec("shop", events(40_000))
	s.Know("events")
	r := newReceiver(t)
	e, trigger := scheduled(t, s, map[string]any{"connection_id": s.Connection, "sql": "SELECT id, name, note, amount, at" + fmt.Sprintf(slowly, 3000) + " FROM events e", "name": "events", "format": "csv",
		"channels": []string{webhook(s, r)}, "target": "lake"})
	trigger()
	random := rand.New(rand.NewPCG(*exportSeed, 1))
	for n := range 6 {
		time.Sleep(time.Duration(random.Int64N(int64(900 * time.Millisecond)))) // the moment is what is tested
		worker := s.Workers[n%2]
		worker.Kill()
		worker.Start(system.WorkerReady)
	}
	var all []api.ScheduledExport
	system.EventuallyWithin(t, 3*time.Minute, "it is exported and told", func() bool {
		all = history(s, e.ID)
		return len(all) == 1 && told(all[0])
	})
	require.Equal(t, []any{models.ExportDone, int64(40_000)}, []any{all[0].Status, all[0].Rows})
	_, digest := theFile(t, dir)
	require.Equal(t, all[0].SHA256, digest)
	require.Equal(t, []string{"events is ready"}, r.told(), "under one key")
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM exports"))
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM deliveries"))
}
