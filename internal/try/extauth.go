package try

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"usher/auth/extauth"
)

// extauth asks the door of external authentication as its bridge does, which a server starts for its first login.
func (t *visit) extauth(ctx context.Context) result {
	path := t.Config.Listen.Extauth.Name
	if path == "" || t.relay() {
		return result{}
	}
	switch {
	case !t.known.Allowed:
		return unknown("not reached, because of token")
	case t.denied:
		return unknown("not reached, because of login")
	case t.status == nil:
		return unknown("the daemon does not answer")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return t.noExtauth(err, path)
	}
	defer func() { _ = conn.Close() }()
	asked := &witness{person: t.person, status: t.status}
	asked.acts()
	t.maybeIn = true
	user := t.known.Identity.Account
	if user == "" {
		user = t.name
	}
	answer, err := askExtauth(ctx, conn, "auth:"+user+":"+t.Host+":"+t.token)
	switch {
	case err != nil:
		return failed("run usher try as root, or as one of peers of "+t.ConfigFile, "usher does not answer at %s: %v", path, err)
	case answer == extauth.Generic.Answer(true):
		return t.opensExtauth(path)
	}
	d, found := asked.decided(ctx, func(d *decision) bool { return d.login() && d.Door == extauth.Door && !d.Allowed() })
	if found {
		return failed(d.mend(), "usher refused it at the door %s: %s", d.Door, d.why())
	}
	return failed("usher refusals --door extauth says more", "usher refused it at %s", path)
}

// askExtauth has one question answered.
func askExtauth(ctx context.Context, conn net.Conn, query string) (answer string, err error) {
	deadline, _ := ctx.Deadline() // none: the zero time, which is no deadline
	_ = conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(extauth.Generic.AppendQuery(nil, query)); err != nil {
		return "", err
	}
	buf := make([]byte, len(extauth.Generic.Answer(true)))
	n, err := io.ReadFull(conn, buf)
	return string(buf[:n]), err
}

// noExtauth says why there is nobody to ask.
func (t *witness) noExtauth(err error, path string) result {
	switch {
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		return unknown("this user may not open " + path + "; root may: sudo usher try")
	case t.status.Listeners[extauth.Door] == "":
		return failed("systemctl restart usher: listen.extauth wants a restart", "the daemon does not listen at %s", path)
	}
	return failed("systemctl start usher; usher status says where it listens", "nobody answers at %s", path)
}

// opensExtauth says whether Prosody, if it runs here, may open the socket, too: the bridge that it starts is its user.
func (t *visit) opensExtauth(path string) result {
	if lines := find(prosodyFiles(t.Folders.Prosody), `^external_auth_command\s*=`); len(lines) > 0 {
		port, here := t.prosodyPort()
		for _, p := range prosodies(port) {
			if r := t.mayOpen(p, path); here && r.state == Failed {
				return r
			}
		}
	}
	return passed("usher lets it in, asked at %s", path)
}
