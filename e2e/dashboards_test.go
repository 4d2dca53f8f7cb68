package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
)

type tileStates struct{ Tiles []api.TileState }

func newTile(s *system.System, title, sql string) map[string]any {
	return map[string]any{"kind": "query", "title": title, "connection_id": s.Connection, "sql": sql, "x": 0, "y": 0, "w": 6, "h": 6, "order": 0}
}

func tileRows(s *system.System, d api.Dashboard, at int, values map[string]any) string {
	var rows api.TileRows
	s.Owner.Call(http.StatusOK, http.MethodPost, "/dashboards/"+d.ID+"/tiles/"+d.Tiles[at].ID+"/rows", map[string]any{"values": values}, &rows)
	return fmt.Sprint(rows.Rows)
}

// awaitTiles waits until no tile is being read.
func awaitTiles(t *testing.T, s *system.System, id string, values map[string]any) (states tileStates) {
	t.Helper()
	system.Eventually(t, "the tiles are read", func() bool {
		states = tileStates{}
		s.Owner.Call(http.StatusOK, http.MethodPost, "/dashboards/"+id+"/results", map[string]any{"values": values}, &states)
		for _, tile := range states.Tiles {
			if tile.Status == "refreshing" || tile.Status == "none" {
				return false
			}
		}
		return true
	})
	return states
}

// A dashboard through real processes: tiles fill as they come, one that fails is
// its own, filters are typed values, and rows that are cached are not read again.
func TestDashboards(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	parameters := []any{map[string]any{"name": "least", "type": "number", "default": 990}}
	counted, grouped := newTile(s, "Counted", "SELECT count(*) AS n FROM orders WHERE amount > {{least}}"), newTile(s, "Grouped", "SELECT id, amount FROM orders ORDER BY id")
	counted["parameters"] = parameters
	grouped["links"] = []any{map[string]any{"filter": "least", "column": "amount", "how": "at_least"}}
	var d api.Dashboard
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/dashboards", map[string]any{"name": "Orders", "filters": []any{map[string]any{"name": "least", "type": "number"}},
		"tiles": []any{counted, grouped, newTile(s, "Fails", "SELECT 1 / (amount - amount) AS n FROM orders")}}, &d)
	path := "/dashboards/" + d.ID

	events := follow(t, s, d.ID)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { s.Owner.Call(http.StatusAccepted, http.MethodPost, path+"/refresh", map[string]any{}, nil) })
	}
	all.Wait()
	states := awaitTiles(t, s, d.ID, nil)
	require.Equal(t, []string{"ready", "ready", "failed"}, []string{states.Tiles[0].Status, states.Tiles[1].Status, states.Tiles[2].Status})
	require.Equal(t, models.CodeSQLError, states.Tiles[2].ErrorCode)
	require.Contains(t, states.Tiles[2].Error, "division by zero")
	require.Equal(t, "[[10]]", tileRows(s, d, 0, nil))
	require.Equal(t, 1000, states.Tiles[1].RowCount)
	told := map[string]int{}
	for told["ready"] < 2 || told["failed"] < 1 {
		var e struct {
			Type string
			Data struct {
				ResultID string `json:"result_id"`
				Status   string
			}
		}
		require.NoError(t, json.Unmarshal(<-events, &e))
		told[e.Data.Status]++
	}
	require.Equal(t, 3, told["running"], "five asked at once; each tile was read once")

	values := map[string]any{"least": 995}
	s.Owner.Call(http.StatusAccepted, http.MethodPost, path+"/refresh", map[string]any{"values": values}, nil)
	awaitTiles(t, s, d.ID, values)
	require.Equal(t, "[[5]]", tileRows(s, d, 0, values))
	require.Equal(t, "[[995 995] [996 996] [997 997] [998 998] [999 999] [1000 1000]]", strings.ReplaceAll(tileRows(s, d, 1, values), ".00", ""), "narrowed, in its order")
	require.Equal(t, "[[10]]", tileRows(s, d, 0, nil), "the other value's rows stay")

	var q api.Question
	s.Owner.Call(http.StatusAccepted, http.MethodPost, path+"/tiles/"+d.Tiles[1].ID+"/question", map[string]any{"values": values}, &q)
	answered := s.Owner.Await(q.ID, models.StatusAnswered)
	require.Equal(t, "Grouped", answered.Question)
	require.True(t, answered.HasResult)
}

// follow reads a dashboard's live events.
func follow(t *testing.T, s *system.System, id string) <-chan []byte {
	t.Helper()
	address := "ws" + strings.TrimPrefix(s.APIs[0].URL, "http") + "/api/v1/dashboards/" + id + "/events"
	ws, _, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + s.Owner.Key()}}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ws.CloseNow() })
	events := make(chan []byte, 256)
	go func() {
		defer close(events)
		for {
			_, raw, err := ws.Read(context.WithoutCancel(t.Context()))
			if err != nil {
				return
			}
			events <- raw
		}
	}()
	return events
}

// A query worker that dies in the middle of a refresh: the rows from before are
// shown meanwhile, what it left running is ended, and the tiles are read by the
// next worker.
func TestKilledWhileRefreshing(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,model", "query"}})
	var d api.Dashboard
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/dashboards", map[string]any{"name": "Orders", "tiles": []any{
		newTile(s, "Quick", "SELECT count(*) AS n FROM orders"), newTile(s, "Slow", "SELECT count(*) AS triples FROM orders a, orders b WHERE a.id + b.id > 0 AND EXISTS (SELECT FROM orders c, orders d WHERE c.id + d.id + a.id + b.id < 0)")}}, &d)
	path := "/dashboards/" + d.ID
	s.Exec("shop", "CREATE TABLE kept AS SELECT * FROM orders; DELETE FROM orders WHERE id > 3")
	s.Owner.Call(http.StatusAccepted, http.MethodPost, path+"/refresh", map[string]any{}, nil)
	awaitTiles(t, s, d.ID, nil)
	require.Equal(t, "[[0]]", tileRows(s, d, 1, nil), "quick on three rows")

	s.Exec("shop", "INSERT INTO orders SELECT * FROM kept WHERE id > 3")
	s.Owner.Call(http.StatusAccepted, http.MethodPost, path+"/refresh", map[string]any{}, nil)
	system.Eventually(t, "the slow tile runs", func() bool { return s.Running("triples") == 1 })
	s.Workers[1].Kill()
	require.Equal(t, 1, s.Running("triples"), "the server does not notice by itself")
	var states tileStates
	s.Owner.Call(http.StatusOK, http.MethodPost, path+"/results", map[string]any{}, &states)
	require.Equal(t, "refreshing", states.Tiles[1].Status)
	require.NotNil(t, states.Tiles[1].RanAt, "the rows from before are shown")
	tileRows(s, d, 1, nil)

	s.Exec("shop", "DELETE FROM orders WHERE id > 3")
	s.Workers[1].Start(system.WorkerReady)
	states = awaitTiles(t, s, d.ID, nil)
	require.Equal(t, "ready", states.Tiles[1].Status, states.Tiles[1].Error)
	require.Zero(t, s.Running("triples"), "the orphan was ended")
}
