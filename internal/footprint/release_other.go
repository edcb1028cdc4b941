//go:build !linux

package footprint

// ReleaseProgram does nothing.
func ReleaseProgram() error { return nil }
