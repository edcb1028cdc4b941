package child

import "syscall"

// attributes puts the child in a process group of its own, so that the Ctrl-C meant for this program does not end it
// before Stop does, and lets the kernel kill it when this program dies without a Stop.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
