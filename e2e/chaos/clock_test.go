package chaos

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// The wall clocks of some of DataMind's processes jump by an hour, forth and
// back, while questions run and wait. Those of the servers stay: they are other
// machines. What is measured by the monotonic clock stays as well, as when an
// operator or NTP sets a clock.
func TestClockJumps(t *testing.T) {
	if !*full {
		t.Skip("builds the Go library anew: make chaos")
	}
	fault{name: "clock: +1 h and back", body: func(r *repetition) {
		clocks := r.ownClocks("UTC")
		defer clocks.away()
		all, some := func(string) bool { return true }, r.rng.IntN(4)
		jumping := []func(string) bool{all, all, func(name string) bool { return strings.HasSuffix(name, "-model") || name == "api-2" },
			func(name string) bool { return strings.HasSuffix(name, "-query") || strings.HasSuffix(name, "-ask") }}[some]
		waiting, costly, running, planned := r.new(clarify), r.new(approve), r.new(slow), r.new(plain)
		waiting.mute.Store(true)
		costly.mute.Store(true)
		running.ends = []models.QuestionStatus{models.StatusCancelled}
		open := r.gate(planned, llmtest.KindPlan)
		for _, q := range []*question{waiting, costly, running, planned} {
			r.pursue(q)
		}
		r.awaitStatus(waiting, models.StatusClarify)
		r.awaitStatus(costly, models.StatusApprove)
		r.eventually("the query runs", func() bool { return r.Running(running.label(1)) == 1 })
		r.called(planned, llmtest.KindPlan)
		browser := r.visitor()
		for _, by := range []time.Duration{time.Hour, 0} {
			clocks.set(by, jumping)
			r.pause(r.between(0, time.Second))
			browser.staysIn()
			for n := range 6 {
				r.await(r.ask(mix[(n+r.rng.IntN(6))%len(mix)]))
			}
			for q, status := range map[*question]models.QuestionStatus{waiting: models.StatusClarify, costly: models.StatusApprove,
				running: models.StatusRunning, planned: models.StatusRunning} {
				require.Equal(r.t, status, r.Owner.Question(q.ident()).Status, "what waited was ended by the clock")
			}
		}
		open()
		r.send(waiting, "clarify", map[string]any{"reply": waiting.reply()}, "")
		r.send(costly, "approve", map[string]any{"yes": true}, "")
		r.send(running, "stop", map[string]any{}, "")
		r.sane()
	}}.run(t)
}

// Questions run while the clocks of all processes are changed for summer and
// for winter, in a zone that does so.
func TestClocksChangeForSummerAndWinter(t *testing.T) {
	if !*full {
		t.Skip("builds the Go library anew: make chaos")
	}
	fault{name: "clock: change for summer or winter", body: func(r *repetition) {
		r.onPlatform("ALTER ROLE datamind_app SET timezone = 'Europe/Berlin'")
		clocks := r.ownClocks("Europe/Berlin")
		defer func() {
			r.onPlatform("ALTER ROLE datamind_app RESET timezone")
			clocks.away()
		}()
		// The last changes that are past: a machine of months ahead of Temporal's cannot work.
		change := lastChange(r.t, r.rng.IntN(2) == 0)
		var told sync.Map // dates
		r.misbehave(func(c llmtest.Call, _ *question) *llmtest.Rule {
			if c.Kind == llmtest.KindPlan {
				told.Store(today.FindString(c.User), true)
			}
			return nil
		})
		r.ahead = time.Until(change.Add(-r.between(500*time.Millisecond, 2*time.Second))).Truncate(time.Second)
		clocks.set(r.ahead, func(string) bool { return true })
		for n := range 12 {
			r.ask(mix[n%len(mix)])
			r.pause(300 * time.Millisecond)
		}
		for _, q := range r.questions {
			r.await(q)
		}
		told.Range(func(date, _ any) bool {
			require.Equal(r.t, change.UTC().Format("Today is Monday, 2006-01-02"), date)
			return true
		})
		r.sane()
	}}.run(t)
}

// today is what a prompt says of the date.
var today = regexp.MustCompile(`Today is \w+, [-\d]+`)

// lastChange is when the clocks of Berlin were last changed, for summer or for winter.
func lastChange(t *testing.T, summer bool) time.Time {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	at := time.Now().In(berlin).Truncate(time.Hour)
	for ; ; at = at.Add(-time.Hour) {
		if before := at.Add(-time.Hour); at.IsDST() == summer && before.IsDST() != summer {
			return at
		}
	}
}

// sane looks at what the questions of the repetition say about time: their
// steps are in the order in which they were done, and took as long as they took.
func (r *repetition) sane() {
	kinds := map[models.StepKind]int{models.StepDiscover: 0, models.StepPlan: 1, models.StepGuard: 2, models.StepQuery: 3, models.StepAnalyse: 4}
	for _, q := range r.questions {
		r.await(q)
		q.mu.Lock()
		q.ended = time.Now() // by our own clock
		q.mu.Unlock()
		got := r.Owner.Question(q.ident())
		took := time.Since(q.asked).Milliseconds()
		require.True(r.t, got.Ms >= 0 && got.Ms <= took, "question %d worked for %d ms", q.n, got.Ms)
		for i, s := range got.Steps {
			require.True(r.t, s.Ms >= 0 && s.Ms <= took, "%s of question %d took %d ms", s.Kind, q.n, s.Ms)
			if i > 0 && s.Attempt == got.Steps[i-1].Attempt {
				require.Greater(r.t, kinds[s.Kind], kinds[got.Steps[i-1].Kind], "question %d: the steps are out of order", q.n)
			}
		}
	}
}

// visitor is somebody who is signed in with a browser.
type visitor struct {
	r    *repetition
	http http.Client
}

func (r *repetition) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	v := &visitor{r: r, http: http.Client{Jar: jar, Timeout: 40 * time.Second}}
	code, out := r.Command("link")
	require.Zero(r.t, code, out)
	_, token, _ := strings.Cut(strings.TrimSpace(out), "#token=")
	require.Equal(r.t, http.StatusNoContent, v.send(0, http.MethodPost, "/auth/link", fmt.Sprintf(`{"token":%q}`, token)))
	return v
}

func (v *visitor) send(replica int, method, path, body string) int {
	req, err := http.NewRequestWithContext(v.r.ctx, method, v.r.APIs[replica].URL+"/api/v1"+path, strings.NewReader(body))
	require.NoError(v.r.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := v.http.Do(req)
	require.NoError(v.r.t, err)
	_ = resp.Body.Close()
	return resp.StatusCode
}

// staysIn wants the session to hold at both replicas: a token that is out of
// date is exchanged for a new one, as the page does.
func (v *visitor) staysIn() {
	for replica := range v.r.APIs {
		status := v.send(replica, http.MethodGet, "/auth/me", "")
		if status == http.StatusUnauthorized {
			require.Equal(v.r.t, http.StatusNoContent, v.send(replica, http.MethodPost, "/auth/refresh", ""))
			status = v.send(replica, http.MethodGet, "/auth/me", "")
		}
		require.Equal(v.r.t, http.StatusOK, status, "the session is lost")
	}
}

// restarting has the processes of one world start at a time: each start takes
// seconds of a core.
var restarting sync.Mutex

// clocks are wall clocks of processes of their own.
type clocks struct {
	r   *repetition
	dir string
}

// ownClocks starts all processes anew with clocks that can be set.
func (r *repetition) ownClocks(zone string) *clocks {
	c := &clocks{r: r, dir: r.t.TempDir()}
	bin := clocked(r.t)
	c.each(func(p *system.Process) {
		file := filepath.Join(c.dir, p.Name())
		require.NoError(r.t, os.WriteFile(file, make([]byte, 8), 0o600))
		p.Instead(bin, "CHAOS_CLOCK="+file, "TZ="+zone)
	})
	c.restart()
	return c
}

func (c *clocks) each(f func(*system.Process)) {
	for _, a := range c.r.APIs {
		f(a.Process)
	}
	for _, w := range c.r.Workers {
		f(w)
	}
}

func (c *clocks) restart() {
	restarting.Lock()
	defer restarting.Unlock()
	c.each(func(p *system.Process) { p.Stop() })
	c.r.heal()
}

// set puts the clocks of some processes ahead of the machine's, from now on.
func (c *clocks) set(ahead time.Duration, which func(name string) bool) {
	c.each(func(p *system.Process) {
		if !which(p.Name()) {
			return
		}
		f, err := os.OpenFile(filepath.Join(c.dir, p.Name()), os.O_WRONLY, 0)
		require.NoError(c.r.t, err)
		_, err = f.Write(binary.NativeEndian.AppendUint64(nil, uint64(int64(ahead/time.Second))))
		require.NoError(c.r.t, err)
		require.NoError(c.r.t, f.Close())
	})
}

// away gives the processes the machine's clock again.
func (c *clocks) away() {
	c.each(func(p *system.Process) { p.Instead("") })
	c.restart()
}

// clocked is the program with a wall clock that is so many seconds ahead as the
// file $CHAOS_CLOCK says. It is built once, together with all of Go's library.
func clocked(t *testing.T) string {
	clockedOnce.Do(func() { clockedPath, clockedErr = buildClocked(testkit.Root(t)) })
	require.NoError(t, clockedErr)
	return clockedPath
}

var (
	clockedOnce sync.Once
	clockedPath string
	clockedErr  error
)

const (
	wallClock  = "sec, nsec, mono := runtimeNow()\n\tif mono == 0"
	shiftClock = "sec, nsec, mono := runtimeNow()\n\tsec += ahead()\n\tif mono == 0"
	clockFile  = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var chaosClock = func() *int64 {
	path, _ := syscall.Getenv("CHAOS_CLOCK")
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return new(int64)
	}
	raw, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*int64)(unsafe.Pointer(&raw[0]))
}()

func ahead() int64 {
	if chaosClock == nil {
		return 0
	}
	return atomic.LoadInt64(chaosClock)
}
`
)

func buildClocked(root string) (string, error) {
	dir, err := os.MkdirTemp("", "datamind-test-clock-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	library := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	source, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		return "", err
	}
	changed := strings.Replace(string(source), wallClock, shiftClock, 1)
	if changed == string(source) {
		return "", os.ErrNotExist
	}
	overlay := map[string]string{}
	for name, text := range map[string]string{"time.go": changed, "chaos_clock.go": clockFile} {
		overlay[filepath.Join(library, name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	raw, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), raw, 0o600); err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin", "datamind-clocked")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, "./cmd/datamind")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	return bin, cmd.Run()
}
