package system

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait: nothing here may take longer, not even on a
// busy machine.
const patience = 60 * time.Second

// Process is a datamind process. It ends with the test.
type Process struct {
	t    testing.TB
	name string
	args []string
	env  []string
	log  string
	bin  string
	more []string

	cmd  *exec.Cmd
	done chan struct{}
}

// NewProcess describes a process; Start starts it.
func NewProcess(t testing.TB, name string, env []string, args ...string) *Process {
	p := &Process{t: t, name: name, args: args, env: env, log: filepath.Join(t.TempDir(), name+".log")}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.Kill()
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", name, tail(p.Log(), 1500))
		}
	})
	return p
}

// Name is the process's name, such as "worker-1-ask".
func (p *Process) Name() string { return p.name }

// Instead has the next starts run another build of the program ("" is the
// usual one) with more variables.
func (p *Process) Instead(bin string, env ...string) { p.bin, p.more = bin, env }

// Alive says that the process runs.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// start starts the process; what it writes is appended to one log over restarts.
func (p *Process) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(cmp.Or(p.bin, p.args[0]), p.args[1:]...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = slices.Concat(p.env, p.more), log, log
	p.cmd.Dir = filepath.Dir(p.log)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(p.t, p.cmd.Start())
	cmd, done := p.cmd, make(chan struct{})
	p.done = done
	go func() {
		_ = cmd.Wait() // how it ended is for the test to ask
		close(done)
	}()
}

// Kill ends the process as the kernel's out-of-memory killer would.
func (p *Process) Kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may be gone already
	<-p.done
}

// Stop asks the process to end, as an orchestrator does, and returns its exit code.
func (p *Process) Stop() int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	return p.Wait()
}

// Wait waits for the end of the process and returns its exit code.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		require.Fail(p.t, p.name+" does not end", tail(p.Log(), 1500))
	}
	return p.cmd.ProcessState.ExitCode()
}

// Log is all that the process has written.
func (p *Process) Log() string {
	raw, _ := os.ReadFile(p.log) // nothing yet is fine
	return string(raw)
}

// Start starts the process, again after an end, and waits until it writes that
// it is ready.
func (p *Process) Start(ready string) {
	p.t.Helper()
	before := strings.Count(p.Log(), ready)
	p.start()
	p.awaitLog(ready, before+1)
}

// awaitLog waits until the process has written text n times in all.
func (p *Process) awaitLog(text string, n int) {
	p.t.Helper()
	Eventually(p.t, p.name+" says "+text, func() bool {
		select {
		case <-p.done:
			require.Fail(p.t, p.name+" ended", tail(p.Log(), 1500))
		default:
		}
		return strings.Count(p.Log(), text) >= n
	})
}

// Eventually waits until ok, and fails the test with what it waited for after
// a minute.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	EventuallyWithin(t, patience, what, ok)
}

// EventuallyWithin is Eventually for what takes longer than usual.
func EventuallyWithin(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for wait := 2 * time.Millisecond; !ok(); wait = min(2*wait, 100*time.Millisecond) {
		select {
		case <-ctx.Done():
			require.NoError(t, errors.New("waited in vain until "+what))
		case <-time.After(wait):
		}
	}
}
