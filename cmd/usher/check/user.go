package check

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"usher/cmd/usher/cmdline"
	"usher/internal/permission"
	"usher/internal/preflight"
	"usher/internal/text"
)

// A judged is a user whose rights count.
type judged struct {
	name       string // empty: the user who asks
	other      bool   // it is not who asks
	credential syscall.Credential
}

// usualUser is that of the package and of deploy/usher.sysusers.
const usualUser = "usher"

// judge finds out whose rights count. Root may take on those of others; by default it does those of the daemon's user.
func judge(c *cli.Context) (judged, error) {
	name, said := c.String("user"), c.IsSet("user")
	if !said {
		if os.Geteuid() != 0 || c.Bool("files-only") {
			return judged{}, nil
		}
		if name = preflight.UnitUser(c.String("config"), "/"); name == "" {
			name = usualUser
		}
	}
	u, err := lookUp(name)
	if _, unknown := errors.AsType[user.UnknownUserError](err); unknown && !said {
		return judged{}, nil
	}
	if err != nil {
		return judged{}, cmdline.Exit(1, fmt.Sprintf("check: there is no user %q: %v", text.Clip(name), err))
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, bad := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil || bad != nil {
		return judged{}, cmdline.Exit(1, fmt.Sprintf("check: the user %q has no number", text.Clip(name)))
	}
	j := judged{name: u.Username, other: int(uid) != os.Geteuid(),
		credential: syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	if uid == 0 && !j.other {
		return judged{}, nil // root may do everything: nothing is said of rights
	}
	if j.other && os.Geteuid() != 0 {
		return j, cmdline.Exit(1, "check: only root can judge for another user; leave --user out, or use sudo")
	}
	if groups, err := u.GroupIds(); err == nil {
		for _, g := range groups {
			if n, err := strconv.ParseUint(g, 10, 32); err == nil {
				j.credential.Groups = append(j.credential.Groups, uint32(n))
			}
		}
	}
	return j, nil
}

// lookUp finds a user by name or number. A number need not have a name.
func lookUp(name string) (*user.User, error) {
	u, err := user.Lookup(name)
	if _, number := strconv.ParseUint(name, 10, 32); err == nil || number != nil {
		return u, err
	}
	if u, err = user.LookupId(name); err == nil {
		return u, nil
	}
	return &user.User{Uid: name, Gid: name, Username: name}, nil
}

// firstInherited is the first descriptor after those of the standard streams.
const firstInherited = 3

// keepOpen keeps from programs that are started what this one was started with, such as a file of root's shell.
func keepOpen() error {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd >= firstInherited {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// runAs has this program judge with the rights of another user, which only the kernel knows all of: modes, groups,
// ACLs and mounts. Its folder need not be open to that user.
func runAs(c *cli.Context, who judged, err error) error {
	if err != nil {
		return err
	}
	args := []string{"usher", "check", "--user", who.name, "--config", c.String("config")}
	for _, flag := range []string{"files-only", "online", "json"} {
		if c.Bool(flag) {
			args = append(args, "--"+flag)
		}
	}
	if err := keepOpen(); err != nil {
		return cmdline.Exit(1, fmt.Sprintf("check: keeping what is open from the user %s: %v", who.name, err))
	}
	cmd := exec.CommandContext(c.Context, "/proc/self/exe")
	cmd.Args = args
	// Of the terminal, into which another user's programs could type, it has neither a descriptor nor the session.
	said := &lines{out: c.App.Writer}
	if !c.Bool("json") {
		said.out = cmdline.Prose(c.App.Writer)
	}
	cmd.Stdout, cmd.Stderr = said, struct{ io.Writer }{c.App.ErrWriter}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &who.credential, Setsid: true}
	err = cmd.Run()
	if err := said.end(); err != nil {
		return err
	}
	if exit, is := errors.AsType[*exec.ExitError](err); is && exit.ExitCode() > 0 {
		return cmdline.Exit(exit.ExitCode(), "")
	}
	if err != nil {
		return cmdline.Exit(1, fmt.Sprintf("check: the user %s cannot run usher: %v; the file %s must be open to all "+
			"(chmod 755), or — usher check --user %s", who.name, err, os.Args[0], permission.Self()))
	}
	return nil
}
