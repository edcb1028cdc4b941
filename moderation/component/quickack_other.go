//go:build !linux

package component

import "net"

// quick is for Linux.
type quick struct{ net.Conn }
