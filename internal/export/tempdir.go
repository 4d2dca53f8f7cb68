package export

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// tempPrefix begins the directories in which processes put spreadsheets together.
const tempPrefix = "datamind-export-"

// TempDir makes this process's directory for temporary files, and deletes those
// of processes that have died and could not clear up.
func TempDir() (string, error) {
	all, err := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range all {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), tempPrefix))
		if err == nil && (pid == os.Getpid() || !alive(pid)) {
			_ = os.RemoveAll(dir) // somebody else's stays
		}
	}
	dir := filepath.Join(os.TempDir(), tempPrefix+strconv.Itoa(os.Getpid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a directory for temporary files: %w", err)
	}
	return dir, nil
}

// alive says whether a process runs.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
