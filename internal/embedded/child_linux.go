package embedded

import (
	"os/exec"
	"runtime"
	"syscall"
)

// setChildAttributes makes the kernel end the child when we die, however we die.
func setChildAttributes(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // PostgreSQL's immediate shutdown; ends others too
}

// startPinned starts the child from a thread that lives as long as we do: the
// death signal is sent when the starting thread ends, not the process.
func startPinned(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		select {} // keeps the thread
	}()
	return <-started
}
