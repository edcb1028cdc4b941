package cmdline

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/readfile"
	"usher/internal/text"
)

// Ask does one request for a command and decodes the answer into v.
func Ask(c *cli.Context, method, path string, v any) error {
	return AskWith(c, method, path, nil, v)
}

// AskWith is Ask with a body, or nil. Without --config the file may be missing, as the socket's path is
// then the default; a file that the operator names and that cannot be read would leave it to chance which daemon is
// asked.
func AskWith(c *cli.Context, method, path string, body io.Reader, v any) error {
	socket, err := socketOf(c)
	if err != nil {
		return err
	}
	return coded(admin.Call(c.Context, socket, method, path, body, v))
}

// Follow asks for decisions that go on, and hands each of them on.
func Follow(c *cli.Context, path string, each func(admin.Decision) error) error {
	socket, err := socketOf(c)
	if err != nil {
		return err
	}
	return coded(admin.Follow(c.Context, socket, path, each))
}

func socketOf(c *cli.Context) (string, error) {
	name := c.String("config")
	if c.IsSet("config") {
		if _, _, fault := readfile.Regular(name, config.MaxSize); fault != nil {
			return "", Exit(1, fmt.Sprintf("the configuration %s %s; %s, or leave --config out", text.Printable(name),
				fault.Text, fault.Mend))
		}
	}
	return config.AdminSocket(name), nil
}

func coded(err error) error {
	if unreachable, is := errors.AsType[*admin.UnreachableError](err); is {
		return Exit(3, unreachable.Error())
	}
	return err
}
