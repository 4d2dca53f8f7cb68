package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// child is a process that must not outlive this one.
type child struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	// err is how the process ended, nil for the exit status 0; to be read
	// once done is closed.
	err error
}

// bareEnviron is what servers get of our environment: none of its secrets.
func bareEnviron() (pairs []string) {
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			pairs = append(pairs, name+"="+value)
		}
	}
	return pairs
}

// startChild starts cmd in a process group of its own, so that Ctrl-C in the
// terminal reaches only us and we stop the children in order. As root, asUser
// runs it as an unprivileged user.
func startChild(name string, cmd *exec.Cmd, log io.Writer, asUser bool) (*child, error) {
	if log == nil {
		log = io.Discard
	}
	cmd.Stdout, cmd.Stderr = log, log
	if asUser {
		if err := asServer(cmd); err != nil {
			return nil, err
		}
	}
	setChildAttributes(cmd)
	if err := startPinned(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// stop asks the child to end and kills it when it does not within the limit.
func (c *child) stop(sig os.Signal, limit time.Duration) error {
	_ = c.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-c.done:
		return nil
	case <-time.After(limit):
		c.kill()
		return fmt.Errorf("%s did not stop within %s and was killed", c.name, limit)
	}
}

func (c *child) kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // the whole group
	<-c.done
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// how says how a process ended that nobody asked to end. The kernel kills
// without a word in the process's own log; the usual reason is its memory.
func (c *child) how() string {
	var exit *exec.ExitError
	if errors.As(c.err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return fmt.Sprintf("was killed (%v); was the machine out of memory? See dmesg", c.err)
		}
	}
	if c.err == nil {
		return "has stopped (exit status 0)"
	}
	return fmt.Sprintf("has stopped (%v)", c.err)
}
