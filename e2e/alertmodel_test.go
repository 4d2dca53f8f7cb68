package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// scripted answers the calls of a model that belong to no question.
func scripted(wish, tiles string) func(llmtest.Call) *llmtest.Rule {
	return func(c llmtest.Call) *llmtest.Rule {
		system := c.System
		switch {
		case strings.Contains(system, "reader of alerts"):
			return &llmtest.Rule{Content: wish}
		case strings.Contains(system, "designer of dashboards"):
			return &llmtest.Rule{Content: tiles}
		}
		return nil
	}
}

// A model reads the wishes and designs the dashboards that the built-in ones have no
// answer for; what it says is checked and run, and its tokens are counted.
func TestAModelReadsWishesAndDesignsDashboards(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true})
	const wish = `{"understood":true,"text":"","question":"open orders","sql":"SELECT count(*) AS n FROM orders","kind":"threshold","rows":"first","op":"below","limit":5,"percent":false,"against":"","change":"","unit":"","cron":"0 9 * * 1"}`
	const tiles = `{"tiles":[{"title":"Orders","how":"All orders, counted.","sql":"SELECT count(*) AS orders FROM orders"},
		{"title":"Secret","how":"No.","sql":"SELECT * FROM pg_shadow"},{"title":"Fails","how":"No.","sql":"SELECT 1 / (count(*) - count(*)) AS n FROM orders"}]}`
	s.Model.Load(llmtest.Script{KeepPrompts: true, Answer: scripted(wish, tiles)})
	var p api.AlertPreview
	s.Owner.Call(http.StatusOK, http.MethodPost, "/alerts/preview", map[string]any{"words": "keep an eye on how the shop does", "connection_id": s.Connection}, &p)
	require.True(t, p.ByModel)
	require.Equal(t, "SELECT count(*) AS n FROM orders", p.SQL)
	require.Equal(t, "Open orders", p.Name)
	require.Equal(t, "the value is below 5", p.Described)
	require.Equal(t, "0 9 * * 1", p.Cron)
	require.Equal(t, "ok", p.Status, p.Text)

	var d struct {
		ByModel bool           `json:"by_model"`
		Tiles   []api.Proposal `json:"tiles"`
	}
	s.Owner.Call(http.StatusOK, http.MethodPost, "/dashboards/propose", map[string]any{"about": "how the shop does", "connection_id": s.Connection}, &d)
	require.True(t, d.ByModel)
	require.Len(t, d.Tiles, 1, "what is refused or fails is not proposed")
	require.Equal(t, "Orders", d.Tiles[0].Title)
	require.Equal(t, 2, number(t, s, "SELECT count(*) FROM token_usages WHERE state = 'settled' AND used > 0"))

	// A wish that it cannot read either is the person's to change.
	s.Model.Load(llmtest.Script{KeepPrompts: true, Answer: scripted(`{"understood":false,"text":"There is no weather in this data."}`, `{"tiles":[]}`)})
	var problem json.RawMessage
	s.Owner.Call(http.StatusUnprocessableEntity, http.MethodPost, "/alerts/preview", map[string]any{"words": "keep an eye on the weather", "connection_id": s.Connection}, &problem)
	require.Contains(t, string(problem), "There is no weather in this data.")
	s.Owner.Call(http.StatusOK, http.MethodPost, "/dashboards/propose", map[string]any{"about": "orders", "connection_id": s.Connection}, &d)
	require.False(t, d.ByModel)
	require.NotEmpty(t, d.Tiles, "the rules propose what they can")
}

// What was found about an alarm is put into words by a model, as long as each number
// of its text is among the figures, and told at once.
func TestAModelPutsAFindingIntoWords(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Env: alertEnv})
	r := newReceiver(t)
	channel := webhook(s, r)
	s.Exec("shop", `INSERT INTO orders SELECT 900000 + i, i, '2030-01-01', 10 FROM generate_series(1, 4) i;
		INSERT INTO orders SELECT 900010 + i, i, '2030-01-02', CASE i WHEN 1 THEN 500 ELSE 10 END FROM generate_series(1, 4) i`)
	watched := savedQuery(s, "SELECT ordered_at AS day, sum(amount) AS total FROM orders GROUP BY 1 ORDER BY 1")
	fire := func(name, said string) *models.AlertFinding {
		s.Model.Load(llmtest.Script{Answer: func(c llmtest.Call) *llmtest.Rule {
			if strings.Contains(c.System, "An alert has fired") {
				return &llmtest.Rule{Content: said}
			}
			return nil
		}})
		var a api.Alert
		s.Owner.Call(http.StatusCreated, http.MethodPost, "/alerts", map[string]any{"saved_query_id": watched, "name": name, "channels": []string{channel}, "cron": "0 0 1 1 *",
			"condition": map[string]any{"kind": "threshold", "rows": "last", "column": "total", "op": "above", "limit": 100}, "rule": map[string]any{"recovery": false, "tell_finding": true}}, &a)
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/alerts/"+a.ID+"/run", nil, nil)
		system.Eventually(t, name+" was explained", func() bool { return slices.Contains(r.told(), "Why: "+name) })
		var episodes api.Page[api.AlertEpisode]
		s.Owner.Call(http.StatusOK, http.MethodGet, "/alerts/"+a.ID+"/episodes", nil, &episodes)
		require.Len(t, episodes.Items, 1)
		return episodes.Items[0].Finding
	}
	begun := time.Now()
	got := fire("proven", "It rose from 40 to 530: nearly all of it is one customer.")
	require.Equal(t, models.FindingFound, got.Status, got.Text)
	require.Equal(t, "It rose from 40 to 530: nearly all of it is one customer.", got.Text)
	require.Equal(t, "scripted", got.Writer)
	require.Less(t, time.Since(begun), time.Minute, "nobody waits for the relay")
	got = fire("unproven", "It rose by 4711.")
	require.Empty(t, got.Writer)
	require.Contains(t, got.Text, "It rose from 40", "the built-in words stand")
	require.Equal(t, 3, number(t, s, "SELECT count(*) FROM token_usages WHERE state = 'settled' AND key LIKE 'why/%'"))
}

// A table that was made since the structure was read is found, once that is older
// than a minute; a name that there is not does not have it read again and again.
func TestATableMadeSinceIsFound(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	s.Exec("shop", "CREATE TABLE fresh AS SELECT 7 AS n; GRANT SELECT ON fresh TO PUBLIC")
	run := func(sql string, status models.QuestionStatus) api.Question {
		var q api.Question
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/connections/"+s.Connection+"/sql", map[string]any{"sql": sql}, &q)
		return s.Owner.Await(q.ID, status)
	}
	require.Equal(t, models.CodeGuardRefused, run("SELECT n FROM fresh", models.StatusRefused).ErrorCode, "it was read a moment ago")
	require.Equal(t, 1, number(t, s, "WITH aged AS (UPDATE catalog_snapshots SET taken_at = taken_at - interval '2 minutes' RETURNING 1) SELECT count(*) FROM aged"))
	run("SELECT n FROM fresh", models.StatusAnswered)
	taken := number(t, s, "SELECT extract(epoch FROM max(taken_at))::int FROM catalog_snapshots")
	run("SELECT n FROM nowhere", models.StatusRefused)
	require.Equal(t, taken, number(t, s, "SELECT extract(epoch FROM max(taken_at))::int FROM catalog_snapshots"))
}
