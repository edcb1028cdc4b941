//go:build unix && !linux

package prosody

import "syscall"

// childAttr puts Prosody in a process group of its own, so that the Ctrl-C meant for this program does not end it
// before Stop does. Only Linux can tie its life to ours.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
