//go:build !linux

package daemon

// releaseProgram does nothing.
func releaseProgram() error { return nil }
