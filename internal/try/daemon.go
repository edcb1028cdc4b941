package try

import (
	"context"
	"os"
	"strings"

	"usher/internal/admin"
	"usher/internal/text"
)

// ask does one request over the admin socket.
func (t *witness) ask(ctx context.Context, method, path string, v any) error {
	return admin.Call(ctx, t.Config.Listen.Admin.Name, method, path, nil, v)
}

// daemon asks whether there is one.
func (t *witness) daemon(ctx context.Context) result {
	var s admin.Status
	if err := t.ask(ctx, "GET", "/status", &s); err != nil {
		seen, mend, _ := strings.Cut(err.Error(), "\n")
		return failed(mend, "%s", seen)
	}
	t.status = &s
	state := "ready"
	if reasons := t.others(); len(reasons) > 0 {
		return failed("usher status and usher check say more", "not ready: %s", strings.Join(reasons, "; ")).beside()
	}
	if !s.Ready {
		state = "not ready"
	}
	return passed("usher %s, process %d, answers at %s: %s", s.Version, s.PID, t.Config.Listen.Admin.Name, state)
}

const componentPrefix = "component: "

// others are the reasons of not being ready that have no hop of their own.
func (t *witness) others() (list []string) {
	for _, r := range t.status.NotReady {
		if !strings.HasPrefix(r, componentPrefix) {
			list = append(list, r)
		}
	}
	return list
}

// inForce compares the configuration that was read here with the daemon's.
func (t *witness) inForce(context.Context) result {
	if t.status == nil {
		return unknown("the daemon does not answer")
	}
	if last := t.status.LastReload; last != nil && !last.OK {
		return failed("usher check lists what to mend",
			"the last reload was refused, and the daemon goes by what was before: %s", last.Error)
	}
	if !sameFile(t.ConfigFile, t.status.Config) {
		return failed("usher try --config "+t.status.Config+", or have the daemon started with the other",
			"the daemon goes by %s, not by %s", t.status.Config, t.ConfigFile)
	}
	for _, h := range t.status.Hosts {
		if h.Host == t.Host {
			return passed("%s", t.ConfigFile)
		}
	}
	return failed("usher reload", "the daemon has no host %s", t.Host)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return a == b || errX == nil && errY == nil && os.SameFile(x, y)
}

// component asks whether usher can change rooms.
func (t *witness) component(context.Context) result {
	jid := t.Config.Component.JID
	switch {
	case jid == "" || len(t.policy().MUC) == 0:
		return result{}
	case t.status == nil:
		return unknown("the daemon does not answer")
	}
	for _, r := range t.status.NotReady {
		if problem, found := strings.CutPrefix(r, componentPrefix); found {
			seen, hint, _ := strings.Cut(problem, "; ")
			return failed(hint+"; usher prosody prints the lines of "+t.componentLine(jid), "%s", seen).beside()
		}
	}
	return passed("%s is connected to Prosody at %s", jid, t.Config.Component.Address)
}

// key asks whether Prosody takes usher's inner tokens.
func (t *witness) key(context.Context) result {
	if !t.relay() {
		return result{}
	}
	if t.status == nil {
		return unknown("the daemon does not answer")
	}
	for _, h := range t.status.Hosts {
		switch r := h.Relay; {
		case h.Host != t.Host || r == nil:
		case r.OK:
			return passed("%s", r.Text)
		default:
			t.refuses = true
			return failed(r.Mend+"; it is "+t.hostLine(), "%s", r.Text).beside()
		}
	}
	return unknown("the daemon has not tried it yet")
}

// quoted is a name in quotes, cut.
func quoted(s string) string { return `"` + text.Clip(s) + `"` }
