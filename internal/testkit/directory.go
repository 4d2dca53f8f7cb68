package testkit

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// heir outlives this process, to stop the PostgreSQL servers left in the
// directories it is told and to remove these: a process of tests has no end of
// its own at which it could, and may be killed. It reads the directories' names
// until its input ends, which it does with the process that holds the pipe.
const heir = `while read -r dir; do set -- "$@" "$dir"; done
for dir; do
	file=$dir/cluster/postmaster.pid n=0 # the server removes it as the last thing
	while [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done 2>/dev/null
	rm -rf "$dir"
done`

// will is the pipe to the heir. It must stay referenced: an unreachable file
// is closed.
var will struct {
	sync.Mutex
	io.Writer
}

// serverDir makes a directory for a server. Neither it nor a PostgreSQL in it
// outlasts this process.
func serverDir(name string) (string, error) {
	will.Lock()
	defer will.Unlock()
	if will.Writer == nil {
		cmd := exec.Command("/bin/sh", "-c", heir)
		cmd.Dir = string(filepath.Separator)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C in the terminal does not reach it
		pipe, err := cmd.StdinPipe()
		if err != nil {
			return "", err
		}
		if err := cmd.Start(); err != nil {
			return "", fmt.Errorf("start the heir of test directories: %w", err)
		}
		will.Writer = pipe
	}
	dir, err := os.MkdirTemp("", "datamind-test-"+name+"-")
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintln(will.Writer, dir)
	return dir, err
}
