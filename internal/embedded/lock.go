package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Lock is a data directory's lock. The kernel drops it when its holder dies.
type Lock struct {
	// Crashed says that the holder before this one did not give it free:
	// servers of it may still be ending.
	Crashed bool

	file *flock.Flock
	pid  string
}

// Acquire locks the data directory for this process.
func Acquire(dir string) (*Lock, error) {
	l := &Lock{file: flock.New(filepath.Join(dir, "lock")), pid: filepath.Join(dir, "pid")}
	ok, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if !ok {
		holder, _ := os.ReadFile(l.pid)
		return nil, fmt.Errorf("DataMind already runs on %s (process %s); stop it with 'make down', or choose another directory with --data", dir, strings.TrimSpace(string(holder)))
	}
	_, err = os.Stat(l.pid)
	l.Crashed = err == nil
	return l, os.WriteFile(l.pid, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644)
}

// Release gives the directory free.
func (l *Lock) Release() {
	_ = os.Remove(l.pid)
	_ = l.file.Unlock()
}

// Running reports whether a stack runs on the data directory, or is starting.
func Running(dir string) bool {
	// Without a pid nobody is there; so that a look never locks out one that starts.
	if _, err := os.Stat(filepath.Join(dir, "pid")); err != nil {
		return false
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	ok, err := lock.TryRLock()
	if ok {
		_ = lock.Unlock()
	}
	return err == nil && !ok
}

// Down stops the stack that runs on a data directory and waits until it has
// ended. It reports whether one ran. What a crash left over ends with it.
func Down(dir string) (bool, error) {
	lock := flock.New(filepath.Join(dir, "lock"))
	if _, err := os.Stat(dir); err != nil {
		return false, nil
	}
	if ok, err := lock.TryLock(); err != nil || ok {
		defer func() { _ = lock.Unlock() }()
		return stopOrphans(dir), err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return true, errors.New("DataMind runs on the directory, but its pid file is missing; stop the process 'datamind up' by hand")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil || pid <= 1 {
		return true, fmt.Errorf("the pid file of %s is damaged; stop the process 'datamind up' by hand", dir)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return true, fmt.Errorf("stop process %d: %w", pid, err)
	}
	for end := time.Now().Add(stopLimit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok, _ := lock.TryLock(); ok {
			return true, lock.Unlock()
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	stopOrphans(dir)
	return true, fmt.Errorf("process %d did not stop within %s and was killed", pid, stopLimit)
}

// stopOrphans ends a PostgreSQL that a crash left running on the directory.
func stopOrphans(dir string) bool {
	raw, err := os.ReadFile(filepath.Join(dir, "postgres", "cluster", "postmaster.pid"))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	if err != nil || pid <= 1 || syscall.Kill(pid, 0) != nil {
		return false
	}
	return syscall.Kill(pid, syscall.SIGINT) == nil
}
