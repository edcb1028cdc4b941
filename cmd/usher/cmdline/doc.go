// Package cmdline answers what all of usher's commands have in common: how the program is put together from them, with
// which codes it ends, how the daemon is asked over its admin socket, and what options and tables look like. A command
// is a package beside it with one exported constructor, Command. It starts no goroutine and holds no lock.
package cmdline
