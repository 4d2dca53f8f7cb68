package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

var roleOnce sync.Mutex

type bundle struct {
	*store.Store
	owner, app string // DSNs
	a, b       models.Scope
}

// setup migrates a fresh database and makes two organisations, as the application sees them.
func setup(t *testing.T) *bundle {
	t.Helper()
	ctx := context.Background()
	owner := testkit.Postgres(t)
	roleOnce.Lock()
	defer roleOnce.Unlock()
	_, err := store.Migrate(ctx, owner, "up")
	require.NoError(t, err)
	exec(t, owner, "ALTER ROLE datamind_app LOGIN PASSWORD 'app'")
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(store.AppRole, "app")
	s, err := store.Open(ctx, u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	a, err := s.SystemBootstrap(ctx, "A", "a@example.com", "Ann")
	require.NoError(t, err)
	b := models.Scope{OrgID: store.NewID(), UserID: store.NewID(), Role: models.RoleOwner}
	exec(t, owner, fmt.Sprintf(`INSERT INTO orgs (id, name) VALUES ('%[1]s', 'B');
		INSERT INTO users (id, email, name, password_hash, tokens_valid_from) VALUES ('%[2]s', 'b@example.com', 'Ben', '', now());
		INSERT INTO memberships (org_id, user_id, role) VALUES ('%[1]s', '%[2]s', 'owner')`, b.OrgID, b.UserID))
	return &bundle{Store: s, owner: owner, app: u.String(), a: a, b: b}
}

func exec(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.PgConn().Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err)
}

func (b *bundle) connection(t *testing.T, scope models.Scope) *models.Connection {
	t.Helper()
	c := &models.Connection{Name: "c-" + store.NewID(), Kind: models.KindPostgres, Host: "h", Port: 5432, Database: "d", Username: "u",
		SealedPassword: []byte("x"), TLSMode: models.TLSDisable, Schemas: []string{"public"}, TimeoutSeconds: 30, MaxRows: 100}
	require.NoError(t, b.CreateConnection(context.Background(), scope, c))
	return c
}

func (b *bundle) question(t *testing.T, scope models.Scope, key string) *models.Question {
	t.Helper()
	c := b.connection(t, scope)
	conversation := &models.Conversation{ID: store.NewID(), ConnectionID: c.ID, Title: "t"}
	q := &models.Question{ID: store.NewID(), ConnectionID: c.ID, Text: "how many?", Status: models.StatusQueued, Run: 1, IdempotencyKey: key}
	stored, created, err := b.CreateQuestion(context.Background(), scope, conversation, q)
	require.NoError(t, err)
	require.True(t, created)
	return stored
}

func TestMigrationsMatchTheModels(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	plain := testkit.Postgres(t)
	db, err := gorm.Open(postgres.Open(plain), &gorm.Config{})
	require.NoError(t, err)
	require.NoError(t, db.AutoMigrate(&models.Org{}, &models.User{}, &models.Membership{}, &models.Session{}, &models.SignInLink{}, &models.APIKey{},
		&models.Connection{}, &models.CatalogSnapshot{}, &models.Conversation{}, &models.Question{}, &models.QuestionStep{}, &models.Result{},
		&models.TokenUsage{}, &models.AuditEvent{}, &models.ModelEndpoint{}, &models.Invitation{}, &models.Feedback{}, &models.VerifiedQuestion{},
		&models.QuestionTable{}, &models.SavedQuery{}, &models.CatalogNote{}, &models.GlossaryTerm{}, &models.Metric{}, &models.CatalogSync{},
		&models.Channel{}, &models.ChannelPace{}, &models.Delivery{}, &models.Artifact{}, &models.Export{}, &models.ExportPart{}, &models.ExportSchedule{},
		&models.Dashboard{}, &models.DashboardVersion{}, &models.DashboardView{}, &models.PublicLink{}, &models.TileResult{},
		&models.Alert{}, &models.Schedule{}, &models.AlertStateRow{}, &models.AlertRun{}, &models.AlertEvent{}, &models.AlertEpisode{},
		&models.Report{}, &models.ReportRun{}, &models.ReportPart{}, &models.ReportMemory{}))
	schema := func(dsn string) (lines []string) {
		conn, err := pgx.Connect(ctx, dsn)
		require.NoError(t, err)
		defer func() { _ = conn.Close(ctx) }()
		rows, err := conn.Query(ctx, `
			SELECT format('%s.%s %s %s %s', table_name, column_name, udt_name, is_nullable, column_default) FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name <> 'goose_db_version'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'goose_db_version' ORDER BY 1`)
		require.NoError(t, err)
		lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return lines
	}
	require.Equal(t, schema(plain), schema(b.owner))
	for state, err := store.Migrate(ctx, b.owner, "down"); state[0].Applied; state, err = store.Migrate(ctx, b.owner, "down") {
		require.NoError(t, err)
	}
	require.Empty(t, schema(b.owner))
	_, err = store.Migrate(ctx, b.owner, "up")
	require.NoError(t, err)
	require.Equal(t, schema(plain), schema(b.owner))
}

func TestRowLevelSecurityStandsBehindTheFilter(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	b.question(t, b.a, "k")
	conn, err := pgx.Connect(ctx, b.app)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version'")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 21)
	for _, setting := range []string{"", b.b.OrgID} {
		tx, err := conn.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, "SELECT set_config('app.org_id', $1, true)", setting)
		require.NoError(t, err)
		for _, table := range tables {
			own := "org_id"
			switch table {
			case "orgs":
				own = "id"
			case "users":
				own = "(SELECT org_id FROM memberships m WHERE m.user_id = users.id)"
			}
			var others int
			// No filter on the organisation: only the policy stands between.
			require.NoError(t, tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s IS DISTINCT FROM nullif($1, '')::uuid", table, own), setting).Scan(&others), table)
			require.Zero(t, others, table)
		}
		require.NoError(t, tx.Rollback(ctx))
	}
	_, err = conn.Exec(ctx, "ALTER TABLE questions DISABLE ROW LEVEL SECURITY")
	require.Error(t, err, "the application must not own the tables")
	_, err = conn.Exec(ctx, "DELETE FROM audit_events")
	require.Error(t, err, "the audit log is append only")
}

func TestAnotherOrganisationsRowsAreNotFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	_, err := b.GetQuestion(ctx, b.b, q.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	_, err = b.GetConnection(ctx, b.b, q.ConnectionID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	_, err = b.GetConversation(ctx, b.b, q.ConversationID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	require.NoError(t, b.SetPlan(ctx, b.b, q.ID, 1, "SELECT 'stolen'", "", ""))
	_, _, err = b.StartRun(ctx, b.b, q.ID, "SELECT 1", "")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	_, err = b.GetQuestion(ctx, b.a, "no-uuid")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	got, err := b.GetQuestion(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Empty(t, got.SQL)
}

func TestTheSameKeyIsTheSameQuestion(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	c := b.connection(t, b.a)
	ids := make(chan string, 10)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			conversation := &models.Conversation{ID: store.NewID(), ConnectionID: c.ID, Title: "t"}
			q := &models.Question{ID: store.NewID(), ConnectionID: c.ID, Text: "x", Status: models.StatusQueued, Run: 1, IdempotencyKey: "same"}
			stored, _, err := b.CreateQuestion(ctx, b.a, conversation, q)
			if err == nil {
				ids <- stored.ID
			}
		})
	}
	wg.Wait()
	close(ids)
	seen := map[string]int{}
	for id := range ids {
		seen[id]++
	}
	require.Len(t, seen, 1)
	conversations, _, err := b.ListConversations(ctx, b.a, store.ConversationFilter{}, "", 50)
	require.NoError(t, err)
	require.Len(t, conversations, 1, "a request that lost the race leaves no conversation behind")
}

func TestAnEndingStays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	got, err := b.CancelQueued(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Equal(t, models.StatusCancelled, got.Status)
	got, err = b.MarkRunning(ctx, b.a, q.ID, 1, "run", "builtin")
	require.NoError(t, err)
	require.Equal(t, models.StatusCancelled, got.Status)
	end, err := b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusAnswered})
	require.NoError(t, err)
	require.Equal(t, models.StatusCancelled, end.Status, "the first ending stays")
	got, _, err = b.StartRun(ctx, b.a, q.ID, "SELECT 1", "")
	require.NoError(t, err)
	require.Equal(t, 2, got.Run)
	_, err = b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusFailed})
	require.NoError(t, err, "what an earlier run says late is ignored")
	got, err = b.GetQuestion(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Equal(t, models.StatusQueued, got.Status)
}

// The same request for a new run, delivered again when that run has ended: the
// other replica may have read the question before.
func TestTheSameEditIsOneRun(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	_, err := b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusAnswered})
	require.NoError(t, err)
	for _, first := range []bool{true, false, false} {
		got, raised, err := b.StartRun(ctx, b.a, q.ID, "SELECT 2", "edit")
		require.NoError(t, err)
		require.Equal(t, first, raised)
		require.Equal(t, 2, got.Run)
		if !first {
			_, err := b.Finish(ctx, b.a, q.ID, 2, store.Ending{Status: models.StatusAnswered})
			require.NoError(t, err)
		}
	}
	got, raised, err := b.StartRun(ctx, b.a, q.ID, "SELECT 3", "another edit")
	require.NoError(t, err)
	require.True(t, raised)
	require.Equal(t, 3, got.Run)
}

func TestAStepThatIsDoneIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	key := store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepPlan, Attempt: 1}
	_, done, err := b.BeginStep(ctx, b.a, key, "d")
	require.NoError(t, err)
	require.False(t, done)
	step, done, err := b.BeginStep(ctx, b.a, key, "d") // after a crash
	require.NoError(t, err)
	require.False(t, done)
	require.Equal(t, 2, step.Tries)
	step.Status, step.Output = models.StepDone, []byte(`{"sql":"SELECT 1"}`)
	late := *step // what an earlier try says late counts only if it brings something
	late.Tries, late.Status = 1, models.StepFailed
	closed, err := b.FinishStep(ctx, b.a, &late)
	require.NoError(t, err)
	require.False(t, closed)
	closed, err = b.FinishStep(ctx, b.a, step)
	require.NoError(t, err)
	require.True(t, closed)
	step, done, err = b.BeginStep(ctx, b.a, key, "d")
	require.NoError(t, err)
	require.True(t, done)
	require.JSONEq(t, `{"sql":"SELECT 1"}`, string(step.Output))
	steps, err := b.ListSteps(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Len(t, steps, 1)
}

// Stop may meet a step that is being stored: both take effect.
func TestStoppingWhatIsBeingStored(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	for i := range 30 {
		q := b.question(t, b.a, fmt.Sprint("k", i))
		step, _, err := b.BeginStep(ctx, b.a, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepPlan, Attempt: 1}, "d")
		require.NoError(t, err)
		require.NoError(t, b.Reserve(ctx, b.a, q.ID, q.ID, 10, 100000))
		step.Status, step.Output = models.StepDone, []byte("{}")
		var both sync.WaitGroup
		both.Go(func() {
			assert.NoError(t, b.Together(ctx, b.a, func(tx *store.Store) error {
				if err := tx.HoldQuestion(ctx, b.a, q.ID); err != nil {
					return err
				}
				if _, err := tx.FinishStep(ctx, b.a, step); err != nil {
					return err
				}
				if err := tx.Settle(ctx, b.a, q.ID, 7, "m"); err != nil {
					return err
				}
				return tx.SetPlan(ctx, b.a, q.ID, 1, "SELECT 1", "one", "m")
			}))
		})
		both.Go(func() {
			_, err := b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusCancelled})
			assert.NoError(t, err)
		})
		both.Wait()
	}
	usage, err := b.Usage(ctx, b.a, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, usage.Days, 1)
	require.EqualValues(t, 30*7, usage.Days[0].Tokens)
}

// While a step is tried again its row says why the try before failed; once it
// is over, that matters no more.
func TestAStepKeepsWhyItsLastTryFailed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	failed := func(kind models.StepKind) *models.QuestionStep {
		key := store.StepKey{QuestionID: q.ID, Run: 1, Kind: kind, Attempt: 1}
		step, _, err := b.BeginStep(ctx, b.a, key, "d")
		require.NoError(t, err)
		step.Status, step.ErrorCode, step.ErrorText = models.StepFailed, models.CodeModelBusy, "The model is busy."
		_, err = b.FinishStep(ctx, b.a, step)
		require.NoError(t, err)
		step, _, err = b.BeginStep(ctx, b.a, key, "d")
		require.NoError(t, err)
		require.Equal(t, []any{models.StepRunning, 2, "The model is busy."}, []any{step.Status, step.Tries, step.ErrorText})
		return step
	}
	done := failed(models.StepPlan)
	done.Status = models.StepDone
	_, err := b.FinishStep(ctx, b.a, done)
	require.NoError(t, err)
	failed(models.StepAnalyse)
	_, err = b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusCancelled})
	require.NoError(t, err)
	steps, err := b.ListSteps(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Len(t, steps, 2)
	for _, step := range steps {
		require.Empty(t, step.ErrorText, step.Kind)
		require.Empty(t, step.ErrorCode, step.Kind)
	}
}

// A worker may begin a step after the run was stopped: it finds out.
func TestARunThatHasEndedGetsNoMoreSteps(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	begin := func(run int) error {
		_, _, err := b.BeginStep(ctx, b.a, store.StepKey{QuestionID: q.ID, Run: run, Kind: models.StepPlan, Attempt: 1}, "d")
		return err
	}
	require.NoError(t, begin(1))
	_, err := b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusCancelled})
	require.NoError(t, err)
	require.Equal(t, models.CodeConflict, models.ErrorCode(begin(1)))
	_, _, err = b.StartRun(ctx, b.a, q.ID, "SELECT 1", "")
	require.NoError(t, err)
	require.NoError(t, begin(2))
	require.Equal(t, models.CodeConflict, models.ErrorCode(begin(1)), "that of an earlier run")
	steps, err := b.ListSteps(ctx, b.a, q.ID)
	require.NoError(t, err)
	require.Len(t, steps, 2)
	require.Equal(t, models.StepCancelled, steps[0].Status)
}

// Each kind of step is done by another machine, with a clock of its own.
func TestStepsAreListedInTheOrderOfTheWork(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	want := []store.StepKey{{Kind: models.StepDiscover, Attempt: 1}, {Kind: models.StepPlan, Attempt: 1}, {Kind: models.StepGuard, Attempt: 1}, {Kind: models.StepPlan, Attempt: 2},
		{Kind: models.StepGuard, Attempt: 2}, {Kind: models.StepQuery, Attempt: 2}, {Kind: models.StepAnalyse, Attempt: 1}, {Kind: models.StepAnalyse, Attempt: 2}}
	for _, key := range slices.Backward(want) {
		key.QuestionID, key.Run = q.ID, 1
		_, _, err := b.BeginStep(ctx, b.a, key, "d")
		require.NoError(t, err)
	}
	steps, err := b.ListSteps(ctx, b.a, q.ID)
	require.NoError(t, err)
	var got []store.StepKey
	for _, s := range steps {
		got = append(got, store.StepKey{Kind: s.Kind, Attempt: s.Attempt})
	}
	require.Equal(t, want, got)
}

// A question that was stored while a machine's clock was an hour ahead is
// found without waiting for that hour.
func TestAQuestionOfTheFutureIsFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	open := func(age time.Duration) int {
		rows, err := b.SystemOpen(ctx, age, 10, models.StatusQueued)
		require.NoError(t, err)
		return len(rows)
	}
	require.Zero(t, open(time.Minute), "it has only come")
	exec(t, b.owner, "UPDATE questions SET updated_at = now() + interval '1 hour' WHERE id = '"+q.ID+"'")
	require.Equal(t, 1, open(time.Minute))
	exec(t, b.owner, "UPDATE questions SET updated_at = now() - interval '2 minutes' WHERE id = '"+q.ID+"'")
	require.Equal(t, 1, open(time.Minute))
}

func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	exec(t, b.owner, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER no_room BEFORE INSERT ON question_steps FOR EACH ROW EXECUTE FUNCTION no_room()`)
	_, _, err := b.BeginStep(context.Background(), b.a, store.StepKey{QuestionID: b.question(t, b.a, "k").ID, Run: 1, Kind: models.StepPlan, Attempt: 1}, "d")
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "no space left on its disk")
}

func TestAChangedConnectionForgetsItsStructure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	c, err := b.GetConnection(ctx, b.a, b.connection(t, b.a).ID)
	require.NoError(t, err)
	save := func(c *models.Connection) error {
		_, err := b.SaveCatalog(ctx, b.a, c, &models.Catalog{Fingerprint: "f", TakenAt: time.Now()})
		return err
	}
	require.NoError(t, save(c))
	changed := *c
	changed.Name = "renamed"
	require.NoError(t, b.UpdateConnection(ctx, b.a, &changed))
	_, err = b.LatestSnapshot(ctx, b.a, c.ID)
	require.NoError(t, err, "it leads where it led")
	changed.Schemas = []string{"other"}
	require.NoError(t, b.UpdateConnection(ctx, b.a, &changed))
	_, err = b.LatestSnapshot(ctx, b.a, c.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(save(c)), "what was read before the change is not stored after it")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.UpdateConnection(ctx, b.b, &changed)))
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	now := time.Now()
	longAgo := now.AddDate(0, -2, 0)
	keep := map[string]bool{}
	for _, s := range []struct {
		session models.Session
		kept    bool
	}{
		{models.Session{ExpiresAt: now.Add(time.Hour)}, true},
		{models.Session{ExpiresAt: now.Add(-time.Hour)}, true}, // ended lately: its reuse is still told apart
		{models.Session{ExpiresAt: longAgo}, false},
		{models.Session{ExpiresAt: now.Add(time.Hour), RevokedAt: &longAgo}, false},
	} {
		s.session.ID, s.session.RefreshHash, s.session.RotatedAt = store.NewID(), []byte(store.NewID()), now
		require.NoError(t, b.CreateSession(ctx, b.a, &s.session))
		keep[s.session.ID] = s.kept
	}
	require.NoError(t, b.SystemPrune(ctx, now.AddDate(0, -1, 0)))
	for id, kept := range keep {
		_, err := b.SystemSession(ctx, id)
		require.Equal(t, kept, err == nil)
	}
}

func TestResultsKeepNumbersExact(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	rows := &models.Rows{Columns: []models.Column{{Name: "n", Type: "number"}}, Rows: [][]any{{int64(9007199254740993)}, {nil}}}
	step, _, err := b.BeginStep(ctx, b.a, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepQuery, Attempt: 1}, "")
	require.NoError(t, err)
	step.Status, step.Output = models.StepDone, []byte("{}")
	first, err := b.SaveResult(ctx, b.a, step, rows, time.Second)
	require.NoError(t, err)
	_, done, err := b.BeginStep(ctx, b.a, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepQuery, Attempt: 1}, "")
	require.NoError(t, err)
	require.True(t, done, "the step ends with its rows")
	again, err := b.SaveResult(ctx, b.a, step, rows, time.Second)
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID, "a retry stores the same result")
	page, total, err := b.GetResultPage(ctx, b.a, q.ID, 0, 1)
	require.NoError(t, err)
	require.Equal(t, 2, total)
	require.Equal(t, "9007199254740993", fmt.Sprint(page.Rows[0][0]))
	_, _, err = b.GetResultPage(ctx, b.b, q.ID, 0, 1)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

func TestTheLastTokensAreWonOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	var won sync.Map
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if b.Reserve(ctx, b.a, q.ID, fmt.Sprint(i), 100, 250) == nil {
				won.Store(i, true)
			}
		})
	}
	wg.Wait()
	winners := 0
	var key string
	won.Range(func(k, _ any) bool { winners++; key = fmt.Sprint(k); return true })
	require.Equal(t, 2, winners)
	require.NoError(t, b.Reserve(ctx, b.a, q.ID, key, 100, 250), "the same key reserves once")
	require.NoError(t, b.Settle(ctx, b.a, key, 10, "m"))
	require.NoError(t, b.Reserve(ctx, b.a, q.ID, "next", 100, 250), "what was not used is free again")
	err := b.Reserve(ctx, b.a, q.ID, "last", 100, 250)
	require.Equal(t, models.CodeBudget, models.ErrorCode(err))
	_, err = b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusCancelled})
	require.NoError(t, err)
	require.NoError(t, b.Reserve(ctx, b.a, q.ID, "last", 100, 250), "an ended question gives its reservations back")
}

// The request of a question comes again while its run begins: it waits for the
// run's transaction, which must not wait for it.
func TestAskingAgainAndTheRunDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	again := make(chan error, 1)
	err := b.Together(ctx, b.a, func(tx *store.Store) error {
		if _, err := tx.MarkRunning(ctx, b.a, q.ID, 1, "run", "planner"); err != nil {
			return err
		}
		go func() {
			_, created, err := b.CreateQuestion(ctx, b.a, &models.Conversation{ID: store.NewID(), ConnectionID: q.ConnectionID, Title: "t"},
				&models.Question{ID: store.NewID(), ConnectionID: q.ConnectionID, Text: q.Text, Status: models.StatusQueued, Run: 1, IdempotencyKey: "k"})
			if err == nil && created {
				err = errors.New("one key made two questions")
			}
			again <- err
		}()
		require.Eventually(t, b.lockWaits(t), 10*time.Second, 5*time.Millisecond)
		return tx.Reserve(ctx, b.a, q.ID, "plan", 100, 250)
	})
	require.NoError(t, err)
	require.NoError(t, <-again)
}

// lockWaits tells whether a session of the database waits for a lock.
func (b *bundle) lockWaits(t *testing.T) func() bool {
	conn, err := pgx.Connect(context.Background(), b.owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func() (waits bool) {
		err := conn.QueryRow(context.Background(), "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waits)
		return err == nil && waits
	}
}

func TestListsPageWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	for range 7 {
		b.connection(t, b.a)
	}
	seen := map[string]bool{}
	after := ""
	for {
		rows, next, err := b.ListConnections(ctx, b.a, after, 3)
		require.NoError(t, err)
		for _, c := range rows {
			require.False(t, seen[c.ID])
			seen[c.ID] = true
		}
		if after = next; after == "" {
			break
		}
	}
	require.Len(t, seen, 7)
	_, _, err := b.ListConnections(ctx, b.a, "garbage", 3)
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
}
