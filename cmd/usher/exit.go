package main

// An exitError ends the program with a code. An empty msg prints nothing: the
// command has said everything already.
type exitError struct {
	code int
	msg  string
}

// Error returns the message, which may be empty.
func (e exitError) Error() string { return e.msg }

// ExitCode returns the code to end with.
func (e exitError) ExitCode() int { return e.code }
