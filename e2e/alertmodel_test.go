package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
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
