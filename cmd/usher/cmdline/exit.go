package cmdline

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// An ExitError ends the program with a code. An empty text prints nothing: the command has said everything already.
type ExitError struct {
	code int
	text string
}

// Exit returns an error that ends the program with a code: 1 for what is wrong, 2 for a wrong command line, 3 for a
// daemon that could not be reached.
func Exit(code int, text string) ExitError { return ExitError{code, text} }

// Error returns the text, which may be empty.
func (e ExitError) Error() string { return e.text }

// ExitCode returns the code to end with.
func (e ExitError) ExitCode() int { return e.code }

// exitCode prints err, once, and finds its code.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if err.Error() != "" {
		fmt.Fprintln(Prose(stderr), "usher: "+err.Error())
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	if strings.HasPrefix(err.Error(), "Required flag") { // the library has no exported type for it
		return 2
	}
	return 1
}
