package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func TestTheOrganisationIsRenamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleAdmin).do(http.MethodPatch, "/organisation", map[string]any{"name": "X"}).status)
	res := b.a.do(http.MethodPatch, "/organisation", map[string]any{"name": " New name "})
	require.Equal(t, http.StatusOK, res.status, res.body)
	var me api.Me
	b.a.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "New name", me.Org.Name)
	b.b.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "Org B", me.Org.Name)
}

func TestBudgetsBoundTheOrganisationAndEachMember(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.MonthlyBudget = 1000 })
	ctx, analyst := t.Context(), b.member(models.RoleAnalyst)
	connection := b.a.connection()
	reserve := func(p *person, key string, tokens int64) error {
		return b.store.Reserve(ctx, p.scope, p.asked(connection).ID, key, tokens, 1000)
	}
	var budget api.Budget
	b.a.do(http.MethodGet, "/budget", nil).into(t, &budget)
	require.Equal(t, int64(1000), budget.Default)
	require.Nil(t, budget.TokensPerMonth)
	res := b.a.do(http.MethodPut, "/budget", map[string]any{"tokens_per_month": 600, "tokens_per_member": 400})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.NoError(t, reserve(analyst, "one", 300))
	err := reserve(analyst, "two", 200)
	require.Equal(t, models.CodeBudget, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "Your own part of 400")
	err = reserve(b.a, "three", 301)
	require.Contains(t, models.ErrorMessage(err), "Your organisation's budget of 600")
	require.NoError(t, reserve(b.a, "four", 300))
	b.a.do(http.MethodGet, "/budget", nil).into(t, &budget)
	require.Equal(t, int64(600), budget.Used)
	require.Zero(t, budget.Remaining)
	res = b.a.do(http.MethodPut, "/budget", map[string]any{})
	require.NotContains(t, res.body, "tokens_per_m", "back to the default, and no limit")
	require.NoError(t, reserve(analyst, "two", 200))
	require.Equal(t, http.StatusForbidden, b.member(models.RoleAdmin).do(http.MethodPut, "/budget", map[string]any{}).status)
}

func TestUsageByPersonDayAndModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, analyst := t.Context(), b.member(models.RoleAnalyst)
	connection := b.a.connection()
	for i, p := range []*person{b.a, analyst, analyst} {
		q := p.asked(connection)
		key := fmt.Sprint("key", i)
		require.NoError(t, b.store.Reserve(ctx, p.scope, q.ID, key, 100, 100000))
		require.NoError(t, b.store.Settle(ctx, p.scope, key, int64(10*(i+1)), []string{"big", "small", "small"}[i]))
		p.move(q, models.StatusAnswered)
	}
	execSQL(t, b.owner, "UPDATE token_usages SET created_at = '2026-01-31T23:59:59Z' WHERE key IN ('key1', 'key2'); UPDATE questions SET created_at = '2026-01-31T12:00:00Z' WHERE user_id = '"+analyst.scope.UserID+"'")
	var u api.Usage
	b.a.do(http.MethodGet, "/usage?from=2026-01-31&to=2026-01-31", nil).into(t, &u)
	require.Equal(t, int64(50), u.TokensUsed)
	require.Equal(t, []api.UsageDay{{Day: "2026-01-31", UserID: analyst.scope.UserID, Tokens: 50}}, u.Days)
	require.Equal(t, []api.UsageModel{{Day: "2026-01-31", Model: "small", Tokens: 50, Calls: 2}}, u.Models)
	require.Equal(t, []api.UsageQuestion{{Day: "2026-01-31", UserID: analyst.scope.UserID, Status: models.StatusAnswered, Count: 2}}, u.Questions)
	require.Len(t, u.People, 2)
	b.a.do(http.MethodGet, "/usage", nil).into(t, &u)
	now := time.Now().UTC()
	require.Equal(t, now.Format("2006-01"), u.Month)
	require.Equal(t, now.Format("2006-01")+"-01", u.From)
	require.Equal(t, int64(10), u.TokensUsed)
	for _, bad := range []string{"from=x", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=2020-01-01&to=2026-01-01", "to=tomorrow"} {
		require.Equal(t, http.StatusUnprocessableEntity/100, b.a.do(http.MethodGet, "/usage?"+bad, nil).status/100, bad)
	}
}

func TestTheAuditLogIsFilteredAndExported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.member(models.RoleAdmin)
	one := b.a.connection()
	two := admin.connection()
	require.Equal(t, http.StatusOK, admin.do(http.MethodPatch, "/auth/me", map[string]any{"name": "=HYPERLINK(\"http://evil\")"}).status)
	require.Equal(t, http.StatusOK, admin.do(http.MethodPatch, "/connections/"+two, map[string]any{"name": "renamed, and \"quoted\""}).status)
	list := func(query string) (all []string) {
		var log api.Page[api.AuditEvent]
		res := b.a.do(http.MethodGet, "/audit?"+query, nil)
		require.Equal(t, http.StatusOK, res.status, res.body)
		res.into(t, &log)
		for _, e := range log.Items {
			all = append(all, e.Action+" "+e.TargetID)
		}
		return all
	}
	require.Equal(t, []string{"connection.update " + two, "connection.create " + two, "connection.create " + one}, list("action=connection."))
	require.Equal(t, []string{"connection.update " + two, "connection.create " + two}, list("action=connection&user="+admin.scope.UserID))
	require.Equal(t, []string{"connection.create " + one}, list("target="+one))
	require.Empty(t, list("action=connection_"), "the underscore is no wildcard")
	today := time.Now().UTC().Format(time.DateOnly)
	require.NotEmpty(t, list("from="+today+"&to="+today))
	require.Empty(t, list("to=2020-01-01"))
	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit?target="+one, nil).into(t, &log)
	require.Equal(t, "Ann", log.Items[0].UserName)
	require.Equal(t, "ann@a.example", log.Items[0].UserEmail)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/members/"+admin.scope.UserID, nil).status)
	b.a.do(http.MethodGet, "/audit?target="+two, nil).into(t, &log)
	require.Contains(t, log.Items[0].UserEmail, "@a.example", "also of who has left")

	for range 210 { // more than one part
		require.NoError(t, b.store.AppendAudit(t.Context(), b.a.scope, &models.AuditEvent{UserID: b.a.scope.UserID, Action: "result.read", TargetID: store.NewID()}))
	}
	res := b.a.do(http.MethodGet, "/audit/export?format=csv", nil)
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, "text/csv; charset=utf-8", res.header.Get("Content-Type"))
	require.Regexp(t, `^attachment; filename="audit-[0-9-]+\.csv"$`, res.header.Get("Content-Disposition"))
	lines, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(lines), 215)
	require.Contains(t, res.body, `'=HYPERLINK`)
	for _, line := range lines {
		for _, cell := range line {
			require.NotRegexp(t, `^[=+@\t\r-]`, cell)
		}
	}
	res = b.a.do(http.MethodGet, "/audit/export?format=jsonl&action=connection.", nil)
	require.Equal(t, 3, strings.Count(res.body, "\n"))
	require.Contains(t, res.body, `"user_email":"ann@a.example"`)
	require.Equal(t, "audit.export "+b.a.scope.OrgID, list("action=audit.export")[0], "an export is itself recorded")
	require.Equal(t, http.StatusForbidden, b.member(models.RoleAnalyst).do(http.MethodGet, "/audit/export", nil).status)
}

// The filter offers the actions that there are.
func TestTheAuditLogsActionsAreKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var known struct{ Actions []string }
	b.a.do(http.MethodGet, "/audit/actions", nil).into(t, &known)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?:s\.(?:audit|saveTerm|saveMetric)\(ctx|s\.steerExport\(ctx, in\.ID|s\.auditAs\([^"]+), "([a-z_.]+)"`).FindAllStringSubmatch(string(raw), -1) {
			found[m[1]] = true
			require.Contains(t, known.Actions, m[1], "name it in auditActions")
		}
	}
	require.Len(t, known.Actions, len(found))
}
