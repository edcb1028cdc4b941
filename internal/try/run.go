package try

import (
	"context"
	"strings"
)

// A run is a trial under way. What it finds out belongs to the part of the way on which that is found: a part knows
// what was found before it, and nothing of what follows.
type run struct {
	visit
	record
}

func newRun(t *Trial) *run {
	p := &person{Trial: t, name: "usher-try-" + drawn()}
	e := &entry{link: &link{witness: &witness{person: p}, target: t.Target}}
	return &run{visit{entry: e}, record{of: p, report: Report{Host: t.Host, Address: t.Target.String()}}}
}

// all tries all hops.
func (t *run) all(ctx context.Context) Report {
	t.chain(ctx, step{"daemon", t.daemon}, step{"config", t.inForce})
	t.chain(ctx, step{"component", t.component}, step{"key", t.key})
	t.chain(ctx, step{"socket", t.socket})
	if whole := t.chain(ctx, t.way()...); whole {
		t.chain(ctx, step{"BOSH", t.bosh})
		t.chain(ctx, step{"guest", t.guest})
	}
	t.chain(ctx, step{"extauth", t.extauth})
	t.leave(ctx)
	t.judge()
	return t.report
}

// way is the chain of the login and the join.
func (t *run) way() []step {
	way := []step{{"token", t.mint}, {"name", t.resolve}, {"connection", t.connect}}
	if t.Target.URL != nil {
		way = append(way, step{"certificate", t.pageTLS}, step{"web server", t.webServer}, step{"clock", t.clock},
			step{"gateway", t.gateway}, step{"Prosody", t.page}, step{"login", t.pageLogin})
	} else {
		way = append(way, step{"Prosody", t.greet}, step{"certificate", t.startTLS}, step{"login", t.login})
	}
	return append(way, step{"session", t.sessionSeen}, step{"rooms", t.rooms}, step{"conference", t.conference},
		step{"join", t.join}, step{"join asked", t.joinAsked}, step{"room asked", t.roomAsked}, step{"role", t.role})
}

// judge says what all hops come to.
func (t *run) judge() {
	ok, only := true, true
	for _, h := range t.report.Hops {
		ok = ok && h.State != Failed
		only = only && (h.State != Failed || h.Name == "daemon")
	}
	t.report.OK, t.report.Unreachable = ok, !ok && only && t.status == nil
	t.report.Account, _, _ = strings.Cut(t.bound, "/")
	t.report.Room = t.room
}
