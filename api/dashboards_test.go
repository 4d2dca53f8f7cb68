package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func queryTile(connection, sql string, more ...map[string]any) map[string]any {
	tile := map[string]any{"id": store.NewID(), "kind": "query", "title": "Orders", "connection_id": connection, "sql": sql, "x": 0, "y": 0, "w": 6, "h": 6, "order": 0}
	for _, m := range more {
		for k, v := range m {
			tile[k] = v
		}
	}
	return tile
}

// dashboard makes a dashboard of one query and one text.
func (p *person) dashboard(connection string) (id, tile string) {
	p.t.Helper()
	d := p.makeDashboard(map[string]any{"name": "Sales", "tiles": []any{queryTile(connection, "SELECT id FROM orders"),
		map[string]any{"kind": "text", "text": "# Hello", "x": 6, "y": 0, "w": 6, "h": 3, "order": 1}}})
	return d.ID, d.Tiles[0].ID
}

func (p *person) makeDashboard(body map[string]any) (d api.Dashboard) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/dashboards", body)
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &d)
	return d
}

// filtered is a dashboard with a filter by placeholder, one by column and one without either.
func (p *person) filtered(connection string) api.Dashboard {
	return p.makeDashboard(map[string]any{"name": "Filtered", "sharing": "view",
		"filters": []any{map[string]any{"name": "country", "type": "text", "default": "DE", "choices": []string{"DE", "FR"}}, map[string]any{"name": "least", "type": "number"}},
		"tiles": []any{
			queryTile(connection, "SELECT count(*) AS n FROM customers WHERE country = {{country}}", map[string]any{"parameters": []any{map[string]any{"name": "country", "type": "text"}}}),
			queryTile(connection, "SELECT status, sum(total) AS total FROM orders GROUP BY status", map[string]any{"y": 6, "links": []any{map[string]any{"filter": "least", "column": "total", "how": "at_least"}}}),
			queryTile(connection, "SELECT count(*) AS n FROM orders", map[string]any{"y": 12}),
		}})
}

// finish stores rows as a worker does.
func (p *person) finish(states []api.TileState, rows ...[]any) {
	p.t.Helper()
	for _, s := range states {
		if s.Status == "refreshing" {
			_, err := p.store.SaveTile(p.t.Context(), p.scope, s.ResultID, &models.Rows{Columns: []models.Column{{Name: "n", Type: "integer"}}, Rows: rows}, nil, time.Millisecond)
			require.NoError(p.t, err)
		}
	}
}

func (p *person) states(status int, path string, body map[string]any) (out []api.TileState) {
	p.t.Helper()
	res := p.do(http.MethodPost, path, body)
	require.Equal(p.t, status, res.status, res.body)
	var answer struct{ Tiles []api.TileState }
	res.into(p.t, &answer)
	return answer.Tiles
}

func put(d api.Dashboard, change map[string]any) map[string]any {
	raw, _ := json.Marshal(d.DashboardSpec)
	body := map[string]any{}
	_ = json.Unmarshal(raw, &body)
	body["sharing"], body["version"] = d.Sharing, d.Version
	for k, v := range change {
		body[k] = v
	}
	return body
}

func TestDashboardsAreChangedByVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	d := b.a.filtered(connection)
	path := "/dashboards/" + d.ID
	colleague, viewer, admin := b.member(models.RoleAnalyst), b.member(models.RoleViewer), b.member(models.RoleAdmin)

	var got api.Dashboard
	colleague.do(http.MethodGet, path, nil).into(t, &got)
	require.False(t, got.Editable)
	require.False(t, got.Mine)
	require.Equal(t, "Ann", got.OwnerName)
	res := colleague.do(http.MethodPut, path, put(got, nil))
	require.Equal(t, http.StatusForbidden, res.status, res.body)
	res = viewer.do(http.MethodPut, path, put(got, nil))
	require.Equal(t, http.StatusForbidden, res.status)
	res = b.a.do(http.MethodPut, path, put(d, map[string]any{"sharing": "edit"}))
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &d)
	require.Equal(t, 2, d.Version)

	res = colleague.do(http.MethodPut, path, put(d, map[string]any{"name": "Renamed"}))
	require.Equal(t, http.StatusOK, res.status, res.body)
	res = b.a.do(http.MethodPut, path, put(d, map[string]any{"name": "Mine"}))
	require.Equal(t, http.StatusConflict, res.status, "two people change it")
	require.Contains(t, res.body, "analyst has stored version 3 meanwhile; you changed version 2")
	res = colleague.do(http.MethodPut, path, put(d, map[string]any{"version": 3, "sharing": "private"}))
	require.Equal(t, http.StatusForbidden, res.status, "who may edit may not take it away")
	require.Equal(t, http.StatusForbidden, colleague.do(http.MethodDelete, path, nil).status)

	var versions struct{ Items []api.DashboardVersion }
	viewer.do(http.MethodGet, path+"/versions", nil).into(t, &versions)
	require.Len(t, versions.Items, 3)
	require.Equal(t, "analyst", versions.Items[0].UserName)
	var first api.DashboardVersionDetail
	viewer.do(http.MethodGet, path+"/versions/1", nil).into(t, &first)
	require.Equal(t, "Filtered", first.Spec.Name)
	require.Equal(t, http.StatusNotFound, viewer.do(http.MethodGet, path+"/versions/9", nil).status)
	res = b.a.do(http.MethodPost, path+"/versions/1/restore", nil)
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &d)
	require.Equal(t, 4, d.Version)
	require.Equal(t, "Filtered", d.Name)

	res = colleague.do(http.MethodPost, path+"/duplicate", map[string]any{"name": "Of my own"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	var own api.Dashboard
	res.into(t, &own)
	require.True(t, own.Mine && own.Editable)
	require.Equal(t, models.SharePrivate, own.Sharing)
	require.NotEqual(t, d.Tiles[0].ID, own.Tiles[0].ID)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/dashboards/"+own.ID, nil).status, "private, from the owner too")
	require.Equal(t, http.StatusNoContent, admin.do(http.MethodDelete, path, nil).status)
	var left api.Page[api.DashboardEntry]
	colleague.do(http.MethodGet, "/dashboards?q=own", nil).into(t, &left)
	require.Len(t, left.Items, 1)
	require.Equal(t, 3, left.Items[0].Tiles)
}

func TestWhatIsWrongWithADashboardIsSaidWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	theirs := b.b.known(b.b.connection())
	b.untouched(func() {
		for name, c := range map[string]struct {
			tile map[string]any
			at   string
		}{
			"a write":                {queryTile(connection, "DELETE FROM orders"), "body.tiles[0].sql"},
			"a column that is not":   {queryTile(connection, "SELECT nothing FROM orders"), "body.tiles[0].sql"},
			"an unknown placeholder": {queryTile(connection, "SELECT id FROM orders WHERE status = {{s}}"), "body.tiles[0].sql"},
			"no SQL":                 {queryTile(connection, " "), "body.tiles[0].sql"},
			"others' database":       {queryTile(theirs, "SELECT id FROM orders"), "body.tiles[0].connection_id"},
			"past the edge":          {queryTile(connection, "SELECT id FROM orders", map[string]any{"x": 8}), "body.tiles[0].layout"},
			"a link to no filter":    {queryTile(connection, "SELECT id FROM orders", map[string]any{"links": []any{map[string]any{"filter": "f", "column": "id", "how": "equals"}}}), "body.tiles[0].links[0]"},
			"another type": {queryTile(connection, "SELECT id FROM orders WHERE id = {{country}}", map[string]any{"parameters": []any{map[string]any{"name": "country", "type": "number"}}}),
				"body.tiles[0].parameters"},
			"text without text": {map[string]any{"kind": "text", "x": 0, "y": 0, "w": 3, "h": 3, "order": 0}, "body.tiles[0].text"},
		} {
			res := b.a.do(http.MethodPost, "/dashboards", map[string]any{"name": "D", "filters": []any{map[string]any{"name": "country", "type": "text"}}, "tiles": []any{c.tile}})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, "%s: %s", name, res.body)
			require.Contains(t, res.body, c.at, name)
		}
	})
}

func TestTilesAreReadOnceAndTheRowsBeforeStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.a.filtered(b.a.known(b.a.connection()))
	path := "/dashboards/" + d.ID
	b.runs.take()
	require.Equal(t, "none", b.a.states(http.StatusOK, path+"/results", map[string]any{})[0].Status)
	require.Empty(t, b.runs.take(), "looking reads nothing")

	first := b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{})
	again := b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{})
	require.Len(t, first, 3)
	require.Equal(t, first, again)
	require.Equal(t, []string{fmt.Sprintf("refresh %s %s", d.ID, strings.Join(sortedIDs(b, first), " "))}, b.runs.take(), "the same asked twice runs once")
	rowsPath := path + "/tiles/" + d.Tiles[0].ID + "/rows"
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodPost, rowsPath, map[string]any{}).status)
	b.a.finish(first, []any{json.Number("7")}, []any{json.Number("8")})

	var rows api.TileRows
	b.a.do(http.MethodPost, rowsPath, map[string]any{"offset": 1, "limit": 1}).into(t, &rows)
	require.Equal(t, 2, rows.RowCount)
	require.Equal(t, "[[8]]", fmt.Sprint(rows.Rows))
	require.Equal(t, "ready", b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{"max_age_seconds": 60})[0].Status)
	require.Empty(t, b.runs.take(), "young enough")

	b.runs.fail(models.Errorf(models.CodeUnavailable, "The workflow service does not answer just now."))
	failed := b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{"tiles": []string{d.Tiles[0].ID}})
	require.Equal(t, "failed", failed[0].Status)
	require.Contains(t, failed[0].Error, "does not answer")
	require.NotNil(t, failed[0].RanAt, "the rows from before stay")
	require.Equal(t, "ready", failed[1].Status, "the others are not touched")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, rowsPath, map[string]any{}).status)
	b.runs.fail(nil)

	france := b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{"values": map[string]any{"country": "FR"}})
	require.NotEqual(t, first[0].ResultID, france[0].ResultID, "another value, other rows")
	require.Equal(t, first[1].ResultID, france[1].ResultID, "a tile without the filter is the same")
	nothing := b.a.states(http.StatusOK, path+"/results", map[string]any{"values": map[string]any{"country": nil}})
	require.Equal(t, "failed", nothing[0].Status)
	require.Contains(t, nothing[0].Error, "country needs a value")
}

func sortedIDs(b *bundle, states []api.TileState) (ids []string) {
	b.t.Helper()
	keys := map[string]string{}
	var all []string
	for _, s := range states {
		r, err := b.store.GetTile(b.t.Context(), b.a.scope, s.ResultID)
		require.NoError(b.t, err)
		keys[r.Key] = r.ID
		all = append(all, r.Key)
	}
	for range all { // by key, as they are asked for
		least := ""
		for key := range keys {
			if least == "" || key < least {
				least = key
			}
		}
		ids = append(ids, keys[least])
		delete(keys, least)
	}
	return ids
}

// Values of filters reach the database as typed values, or not at all.
func TestHostileFilterValues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.a.filtered(b.a.known(b.a.connection()))
	path := "/dashboards/" + d.ID + "/results"
	for _, hostile := range []any{"'; DROP TABLE orders; --", "DE' OR '1'='1", "{{least}}", "$1", "<script>alert(1)</script>", "\\'; --", "\u202eED"} {
		states := b.a.states(http.StatusAccepted, "/dashboards/"+d.ID+"/refresh", map[string]any{"values": map[string]any{"country": hostile}})
		r, err := b.store.GetTile(t.Context(), b.a.scope, states[0].ResultID)
		require.NoError(t, err)
		require.Equal(t, "SELECT count(*) AS n FROM customers WHERE country = {{country}}", r.SQL)
		require.Equal(t, []models.Argument{{Name: "country", Type: "text", Values: []string{hostile.(string)}}}, r.Arguments)
	}
	for name, values := range map[string]map[string]any{
		"SQL for a number": {"least": "1 OR 1=1"}, "a list for a number": {"least": []any{1, 2}}, "a number for a text": {"country": 1}, "an object": {"country": map[string]any{"x": 1}},
		"no filter": {"region": "x"}, "a name with SQL": {"country = 'x' OR country": "x"}, "too much": {"country": strings.Repeat("x", 20_000)}, "infinity": {"least": "Infinity"},
	} {
		for _, route := range []string{path, "/dashboards/" + d.ID + "/refresh", "/dashboards/" + d.ID + "/tiles/" + d.Tiles[0].ID + "/rows"} {
			res := b.a.do(http.MethodPost, route, map[string]any{"values": values})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, "%s: %s", name, res.body)
		}
	}
	states := b.a.states(http.StatusAccepted, "/dashboards/"+d.ID+"/refresh", map[string]any{"values": map[string]any{"least": 100}})
	r, err := b.store.GetTile(t.Context(), b.a.scope, states[1].ResultID)
	require.NoError(t, err)
	require.Equal(t, []models.Narrow{{Column: "total", How: models.LinkFrom, Parameter: "least"}}, r.Narrow)
	require.Equal(t, []string{"100"}, r.Arguments[0].Values)

	res := b.a.do(http.MethodPost, "/dashboards/"+d.ID+"/tiles/"+d.Tiles[1].ID+"/question", map[string]any{"values": map[string]any{"least": 100}})
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	var q api.Question
	res.into(t, &q)
	require.Contains(t, q.SQL, `WHERE tile."total" >= ({{least}})`)
	require.Equal(t, "Orders", q.Question)
}

func TestResultsAreOfThoseWithTheSameRights(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.a.filtered(b.a.known(b.a.connection()))
	path := "/dashboards/" + d.ID
	b.a.finish(b.a.states(http.StatusAccepted, path+"/refresh", map[string]any{}), []any{json.Number("42")})
	rows := path + "/tiles/" + d.Tiles[0].ID + "/rows"
	for _, role := range []models.Role{models.RoleViewer, models.RoleAnalyst, models.RoleAdmin} {
		p := b.member(role)
		require.Equal(t, "none", p.states(http.StatusOK, path+"/results", map[string]any{})[0].Status, role)
		require.Equal(t, http.StatusNotFound, p.do(http.MethodPost, rows, map[string]any{}).status, role)
	}
	require.Equal(t, http.StatusOK, b.member(models.RoleOwner).do(http.MethodPost, rows, map[string]any{}).status)
	viewer := b.member(models.RoleViewer)
	require.Equal(t, "refreshing", viewer.states(http.StatusAccepted, path+"/refresh", map[string]any{})[0].Status, "viewers may refresh")
	require.Equal(t, http.StatusNotFound, b.b.do(http.MethodPost, rows, map[string]any{}).status)
}

func TestAnswersAndSavedQueriesArePinned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	id, _ := b.a.dashboard(connection)
	q := b.a.asked(connection)
	res := b.a.do(http.MethodPost, "/dashboards/"+id+"/tiles", map[string]any{"question_id": q.ID})
	require.Equal(t, http.StatusConflict, res.status, "it has no answer yet")
	b.a.move(q, models.StatusAnswered)
	execSQL(t, b.owner, `UPDATE questions SET text = 'orders this year', sql = 'SELECT count(*) AS n FROM orders WHERE ordered_at >= '''||date_trunc('year', now())::date||''' AND status = {{s}}',
		arguments = '[{"name":"s","type":"text","values":["paid"]}]', chart = '{"type":"single_value","y":["n"],"partial":3}' WHERE id = '`+q.ID+`'`)
	res = b.a.do(http.MethodPost, "/dashboards/"+id+"/tiles", map[string]any{"question_id": q.ID})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	var d api.Dashboard
	res.into(t, &d)
	tile := d.Tiles[2]
	require.Equal(t, q.ID, tile.QuestionID)
	require.Equal(t, "SELECT count(*) AS n FROM orders WHERE ordered_at >= date_trunc('year', CURRENT_DATE)::date AND status = {{s}}", tile.SQL, "next year it is next year")
	require.Equal(t, "paid", tile.Parameters[0].Default)
	require.Equal(t, models.ChartSingle, tile.Chart.Type)
	require.Nil(t, tile.Chart.Partial)
	require.Equal(t, 2, d.Version)
	require.Empty(t, d.Stale)

	saved := b.a.savedQuery(connection, true)
	res = b.a.do(http.MethodPost, "/dashboards/"+id+"/tiles", map[string]any{"saved_query_id": saved, "title": "By country"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	res.into(t, &d)
	require.Equal(t, "By country", d.Tiles[3].Title)
	require.Empty(t, d.Outdated)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/saved-queries/"+saved, map[string]any{"sql": "SELECT 1 AS one"}).status)
	b.a.do(http.MethodGet, "/dashboards/"+id, nil).into(t, &d)
	require.Equal(t, []string{d.Tiles[3].ID}, d.Outdated)
	require.NotEqual(t, "SELECT 1 AS one", d.Tiles[3].SQL, "a tile is a copy")
	require.Equal(t, http.StatusNotFound, b.b.do(http.MethodPost, "/dashboards/"+id+"/tiles", map[string]any{"saved_query_id": saved}).status)
}

func TestDashboardsAsCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	d := b.a.filtered(connection)
	res := b.a.do(http.MethodGet, "/dashboards/"+d.ID+"/export", nil)
	require.Equal(t, http.StatusOK, res.status)
	require.Contains(t, res.header.Get("Content-Type"), "application/yaml")
	file := res.body
	require.NotContains(t, file, connection, "by name, not by id")
	require.NotContains(t, file, d.ID)

	var got struct {
		Tiles     int
		Problems  []api.ImportProblem
		Dashboard *api.Dashboard
	}
	res = b.a.do(http.MethodPost, "/dashboards/import", map[string]any{"yaml": file})
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &got)
	require.Empty(t, got.Problems)
	require.Equal(t, file, b.a.do(http.MethodGet, "/dashboards/"+got.Dashboard.ID+"/export", nil).body, "what is written is what was read")
	res = b.a.do(http.MethodPost, "/dashboards/import", map[string]any{"yaml": strings.Replace(file, "name: Filtered", "name: Reviewed", 1), "dashboard_id": d.ID})
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &got)
	require.Equal(t, "Reviewed", got.Dashboard.Name)
	require.Equal(t, 2, got.Dashboard.Version)

	broken := "datamind: dashboard/v1\nname: D\ntiles:\n  - title: A\n    connection: nowhere\n    sql: SELECT 1\n    layout: {x: 0, y: 0, w: 6, h: 6, order: 0}\n" +
		"  - title: B\n    connection: " + connectionName(b, connection) + "\n    sql: |\n      DROP TABLE orders\n    layout: {x: 0, y: 0, w: 60, h: 6, order: 0}\n"
	b.untouched(func() {
		for yaml, want := range map[string]string{
			broken:    "[tiles[0].connection 5 There is no database called \"nowhere\" here. tiles[1].layout 12 The tile's place",
			"name: [": "[file ", "a: &x 1\nb: *x\n": "anchors", "datamind: dashboard/v1\nname: D\nname: E\ntiles: []\n": "[file 3 ",
			"datamind: dashboard/v1\nname: D\ncolour: red\ntiles: []\n": "[file 3 ", "name: D\ntiles: []\n": "[datamind ", "- - - - - - - - 1": "nested", "!!binary x": "tags", "--- {}\n--- {}\n": "one document",
		} {
			res := b.a.do(http.MethodPost, "/dashboards/import", map[string]any{"yaml": yaml, "check": true})
			require.Equal(t, http.StatusOK, res.status, res.body)
			res.into(t, &got)
			text := ""
			for _, p := range got.Problems {
				text += fmt.Sprintf("%s %d %s ", p.Where, p.Line, p.Message)
			}
			require.Contains(t, "["+text, want)
			res = b.a.do(http.MethodPost, "/dashboards/import", map[string]any{"yaml": yaml})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, "nothing is stored: %s", res.body)
		}
	})
}

func connectionName(b *bundle, id string) string {
	c, err := b.store.GetConnection(b.t.Context(), b.a.scope, id)
	require.NoError(b.t, err)
	return c.Name
}

func TestTilesAreProposedOfASentence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	var got struct {
		Name  string
		Tiles []api.Proposal
	}
	b.untouched(func() {
		res := b.a.do(http.MethodPost, "/dashboards/propose", map[string]any{"connection_id": connection, "about": "make me a dashboard about orders and customers"})
		require.Equal(t, http.StatusOK, res.status, res.body)
		res.into(t, &got)
	})
	require.GreaterOrEqual(t, len(got.Tiles), 3)
	for _, p := range got.Tiles {
		res := b.a.do(http.MethodPost, "/connections/"+connection+"/sql/check", map[string]any{"sql": p.SQL})
		require.Contains(t, res.body, `"allowed":true`, p.SQL)
		require.NotEmpty(t, p.Understanding)
	}
	states := b.a.states(http.StatusAccepted, "/tile-previews", map[string]any{"tiles": []any{got.Tiles[0].Tile}})
	require.Equal(t, "refreshing", states[0].Status)
	b.a.finish(states, []any{json.Number("3")})
	res := b.a.do(http.MethodPost, "/tile-previews/rows", map[string]any{"tile": got.Tiles[0].Tile})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodPost, "/tile-previews", map[string]any{"tiles": []any{got.Tiles[0].Tile}}).status)
}
