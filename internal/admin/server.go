package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"usher/auth"
	"usher/internal/recent"
	"usher/lobby"
	"usher/moderation/sessions"
)

// A Daemon is the running daemon itself.
type Daemon interface {
	// Status tells how it is. Unless it is quick each Prosody behind a relay is tried for it, which takes a moment.
	Status(quick bool) Status
	// Reload reads the configuration again and waits for the result. It fails when the daemon stops meanwhile, or ctx
	// ends.
	Reload(ctx context.Context) (Reload, error)
}

// Sessions tell who logged in, and whether a token is kept out.
type Sessions interface {
	List() []sessions.Info
	Revoked(id auth.Identity) bool
}

// A Revoker keeps tokens out, and lets them in again.
type Revoker interface {
	Revoke(ctx context.Context, t sessions.Target, all bool) (sessions.Revoked, error)
	// Preview returns what Revoke would do with all.
	Preview(ctx context.Context, t sessions.Target) (sessions.Revoked, error)
	Allow(ctx context.Context, t sessions.Target) (sessions.Allowed, error)
	Revocations() []sessions.RevokedPrincipal
}

// A Whitelist is who may pass all lobbies, and who waits.
type Whitelist interface {
	List() []lobby.Listed
	Allow(ctx context.Context, e lobby.Entry) error
	Remove(ctx context.Context, k lobby.EntryKey) error
	Knocks(room string) []lobby.Knock
	// KnocksPart is a part of all of them, and how many there are.
	KnocksPart(from, most int) (list []lobby.Knock, all int)
	// KnocksVersion is another number after each change of them.
	KnocksVersion() uint64
}

// Commands decide about who waits.
type Commands interface {
	// FindRoom returns the bare JID of a room by a name as people write it.
	FindRoom(name string) (string, error)
	Decide(ctx context.Context, v lobby.Verdict) error
	// DecideKnock decides about one wait in a room, by its ID, and returns whose it is.
	DecideKnock(ctx context.Context, room, id string, admit bool) (account string, err error)
}

// Options are what a server stands on. All but Cluster, Console, History and Now are wanted.
type Options struct {
	Daemon      Daemon
	Await       func(ctx context.Context) error // waits for what the state kept; an error says why that is not there
	Sessions    Sessions
	Revoker     Revoker
	Whitelist   Whitelist
	Commands    Commands
	MUCs        func() []string // of all hosts of the configuration in force
	MembersOnly func() bool     // whether some lobby of it is enforced by members-only rooms
	Component   bool            // there is one that can change rooms
	Cluster     Cluster         // nil: this usher is alone
	Decisions   Decisions
	Audit       Audit
	Explainer   Explainer
	History     Historian                                   // nil: nobody keeps it
	Console     Console                                     // nil: there is none
	Peer        func(context.Context) (uid uint32, ok bool) // the user of the process that asks
	Now         func() time.Time                            // nil: time.Now
}

type server struct{ Options }

// NewHandler returns the handler of the API. Who may ask it is the socket's affair.
func NewHandler(o Options) http.Handler { return newRoutes(o).mux }

func newRoutes(o Options) *routes {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &server{o}
	m := &routes{server: s, mux: http.NewServeMux()}
	m.ask("GET /status", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, s.Daemon.Status(r.URL.Query().Get("quick") == "true"))
	})
	m.change("POST /reload", "reload", func(r *http.Request, c *recent.Change) (any, error) {
		result, err := s.Daemon.Reload(r.Context())
		if err != nil {
			return nil, errStopping
		}
		c.Done, c.Why = result.OK, result.Reason()
		return result, nil
	})
	s.cluster(m)
	s.console(m)
	s.decisions(m)
	s.lobby(m)
	s.sessions(m)
	s.explain(m)
	s.history(m)
	s.searches(m)
	return m
}

var errStopping = errors.New("the daemon is stopping")

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
}
