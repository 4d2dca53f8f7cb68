package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

// conversations lists the ids and matches of a list.
func (p *person) conversations(query string) (titles []string, matches map[string]string) {
	p.t.Helper()
	var list api.Page[api.Conversation]
	res := p.do(http.MethodGet, "/conversations"+query, nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	res.into(p.t, &list)
	titles, matches = []string{}, map[string]string{}
	for _, c := range list.Items {
		titles = append(titles, c.Title)
		if c.Match != nil {
			matches[c.Title] = c.Match.Question
		}
	}
	return titles, matches
}

// ask starts a conversation with a title of its own.
func (p *person) conversation(connection, title string, questions ...string) string {
	p.t.Helper()
	res := p.do(http.MethodPost, "/conversations", map[string]any{"connection_id": connection, "title": title})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	id := res.field(p.t, "id").(string)
	for _, q := range questions {
		require.Equal(p.t, http.StatusAccepted, p.do(http.MethodPost, "/conversations/"+id+"/questions", map[string]any{"question": q}).status)
	}
	return id
}

func TestConversationsAreSearched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.conversation(connection, "Orders", "How many orders in München?", "And by month?")
	b.a.conversation(connection, "Returns", "Return rate by 100% cotton_shirts")
	b.a.conversation(connection, "Empty")
	b.b.conversation(b.b.connection(), "Orders of another organisation", "orders in München")
	for query, want := range map[string][]string{
		"": {"Empty", "Returns", "Orders"}, "orders": {"Orders"}, "ORD": {"Orders"}, "return": {"Returns"}, "münchen month": {"Orders"},
		"month cotton": {}, "100%": {"Returns"}, "%": {"Returns"}, "_": {"Returns"}, "n_s": {"Returns"}, `\`: {}, "'": {}, "  e  ": {"Empty", "Returns", "Orders"}, "zzz": {},
	} {
		titles, _ := b.a.conversations("?q=" + url.QueryEscape(query))
		require.Equal(t, want, titles, query)
	}
	_, matches := b.a.conversations("?q=" + url.QueryEscape("many month münchen"))
	require.Equal(t, map[string]string{"Orders": "How many orders in München?"}, matches, "the one with the most words")
	require.Equal(t, http.StatusBadRequest, b.a.do(http.MethodGet, "/conversations?q="+fmt.Sprintf("%0201d", 1), nil).status)
}

func TestConversationsAreArchived(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	id := b.a.conversation(connection, "Old", "orders?")
	b.a.conversation(connection, "New", "orders?")
	patch := func(body map[string]any) *answer { return b.a.do(http.MethodPatch, "/conversations/"+id, body) }
	require.Equal(t, true, patch(map[string]any{"archived": true}).field(t, "archived"))
	titles, _ := b.a.conversations("")
	require.Equal(t, []string{"New"}, titles)
	titles, _ = b.a.conversations("?archived=true&q=orders")
	require.Equal(t, []string{"Old"}, titles)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/conversations/"+id, nil).status)
	require.Equal(t, "Older", patch(map[string]any{"archived": false, "title": " Older "}).field(t, "title"))
	titles, _ = b.a.conversations("")
	require.Equal(t, []string{"New", "Older"}, titles, "it keeps its place")
	require.Equal(t, "invalid", patch(map[string]any{}).code(t))
}

// A shared conversation is read by every member, and changed by its owner only.
func TestSharedConversations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q := b.a.asked(connection)
	b.a.answer(q, "SELECT 1", &models.Rows{Columns: []models.Column{{Name: "n"}}, Rows: [][]any{{1}}})
	conversation := "/conversations/" + q.ConversationID
	viewer, analyst := b.member(models.RoleViewer), b.member(models.RoleAnalyst)
	reads := []string{conversation, conversation + "/questions", "/questions/" + q.ID, "/questions/" + q.ID + "/result", "/questions/" + q.ID + "/follow-ups"}
	sees := func(p *person, status int) {
		t.Helper()
		for _, path := range reads {
			require.Equal(t, status, p.do(http.MethodGet, path, nil).status, path)
		}
	}
	sees(viewer, http.StatusNotFound)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, conversation, map[string]any{"shared": true}).status)
	require.Equal(t, "conversation.share", b.a.lastAudit(t))
	sees(viewer, http.StatusOK)
	sees(analyst, http.StatusOK)
	sees(b.b, http.StatusNotFound)
	titles, _ := viewer.conversations("?shared=true&q=orders")
	require.Equal(t, []string{"How many orders?"}, titles)
	titles, _ = viewer.conversations("")
	require.Empty(t, titles, "it is not their own")
	titles, _ = b.b.conversations("?shared=true")
	require.Empty(t, titles)

	b.untouched(func() {
		for path, body := range map[string]map[string]any{"PATCH " + conversation: {"title": "mine"}, "DELETE " + conversation: nil, "POST " + conversation + "/questions": {"question": "And?"},
			"POST /questions/" + q.ID + "/stop": nil, "POST /questions/" + q.ID + "/edit-sql": {"sql": "SELECT 2"}, "POST /questions/" + q.ID + "/clarify": {"reply": "x"}, "POST /questions/" + q.ID + "/approve": {"yes": true}} {
			var method, target string
			_, err := fmt.Sscan(path, &method, &target)
			require.NoError(t, err)
			var send any
			if body != nil {
				send = body
			}
			require.Equal(t, http.StatusNotFound, analyst.do(method, target, send).status, path)
		}
	})
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, conversation, map[string]any{"shared": false}).status)
	sees(viewer, http.StatusNotFound)
}

// lastAudit is the action that was recorded last.
func (p *person) lastAudit(t *testing.T) string {
	t.Helper()
	var list struct{ Items []models.AuditEvent }
	p.do(http.MethodGet, "/audit?limit=1", nil).into(t, &list)
	return list.Items[0].Action
}
