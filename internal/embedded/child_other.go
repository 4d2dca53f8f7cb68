//go:build !linux

package embedded

import (
	"os/exec"
	"syscall"
)

func setChildAttributes(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

func startPinned(cmd *exec.Cmd) error { return cmd.Start() }
