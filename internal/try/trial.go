package try

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"net"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/try/client"
	"usher/moderation"
)

// A Trial is one login and one join. Its fields are not changed once it runs.
type Trial struct {
	Config     *config.Config
	ConfigFile string
	Host       string // of the configuration
	Issuer     string // of the host: who signs the token that is made
	Target     Target
	Connect    string         // host:port to connect to instead of what the target's name says; empty: that
	Room       string         // a localpart; empty: one that nobody knows
	Token      string         // empty: one is made
	Roots      *x509.CertPool // who may sign certificates; nil: whom this machine believes
	Folders    Folders        // where other programs' configurations are looked for
	Resolver   *net.Resolver  // nil: the system's
	Show       func(Hop)      // told of each hop at once; nil: nobody is

	report Report
	name   string // of the account in the token that is made, and of the room
	token  string
	known  auth.Report // what the configuration says of the token

	status *admin.Status // nil: the daemon does not answer
	seen   seen

	conn     net.Conn
	stream   *client.Stream
	features client.Features
	bound    string // the full JID
	room     string // its bare JID; empty: none was joined
	occupant client.Occupant
}

// shownAs is the name in the token that is made, for people.
const shownAs = "usher try"

// tokenFor is how long a token is good that is made.
const tokenFor = time.Minute

// Run tries all hops.
func (t *Trial) Run(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	t.report = Report{Host: t.Host, Address: t.Target.String()}
	t.name = "usher-try-" + drawn()
	t.chain(ctx, step{"daemon", t.daemon}, step{"config", t.inForce})
	t.chain(ctx, step{"component", t.component}, step{"key", t.key})
	t.chain(ctx, step{"socket", t.socket})
	t.chain(ctx, t.way()...)
	t.leave(ctx)
	t.judge()
	return t.report
}

// way is the chain of the login and the join.
func (t *Trial) way() []step {
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
func (t *Trial) judge() {
	ok, only := true, true
	for _, h := range t.report.Hops {
		ok = ok && h.State != Failed
		only = only && (h.State != Failed || h.Name == "daemon")
	}
	t.report.OK, t.report.Unreachable = ok, !ok && only && t.status == nil
	t.report.Account, _, _ = strings.Cut(t.bound, "/")
	t.report.Room = t.room
}

// rules are what the configuration says of the host.
func (t *Trial) rules() auth.HostConfig { return t.Config.Auth.Hosts[t.Host] }

func (t *Trial) relay() bool { return t.rules().Relay != nil }

// policy is what the configuration says of the host's rooms.
func (t *Trial) policy() moderation.HostPolicy {
	for _, h := range t.Config.Rooms {
		if h.Host == t.Host {
			return h
		}
	}
	return moderation.HostPolicy{Host: t.Host}
}

func drawn() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // it cannot fail
	return hex.EncodeToString(b)
}
