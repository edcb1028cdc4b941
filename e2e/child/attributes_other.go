//go:build unix && !linux

package child

import "syscall"

// attributes puts the child in a process group of its own, so that the Ctrl-C meant for this program does not end it
// before Stop does. Only Linux can tie its life to ours.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
