package muc

import (
	"cmp"
	"context"
	"log/slog"
	"strings"

	"usher/internal/jid"
	"usher/internal/loginid"
	"usher/internal/panics"
	"usher/internal/text"
	"usher/moderation"
	"usher/moderation/occupancy"
)

// A Gateway decides the joins that a gateway sees before a relay's Prosody does: by the same
// decision as Prosody's own question, but for what the token of the stream says, which that
// question does not know. It is safe for concurrent use.
type Gateway struct {
	Service   *Service
	Occupancy *occupancy.Occupancy
	Log       *slog.Logger // nil: no log

	// Panics writes down what the code does not survive; the answer is no.
	Panics *panics.Reporter // nil: nothing is written
}

// A JoinRequest is who asks to join what.
type JoinRequest struct {
	Account    string // the bare JID that Prosody bound
	TokenPrint string // of the stream's token; empty: it has none
	To         string // the address as the client wrote it, bare or full
	Name       string // what the account calls itself, of a join; empty: nothing

	LoginID loginid.ID // of the stream's login
}

// A JoinAnswer is what becomes of a join.
type JoinAnswer struct {
	Allowed    bool   // also where the room itself holds the account back: Prosody answers
	Reason     string // of the closed list
	Text       string // for the person; empty if it is allowed
	Login      bool   // the token is over: another login helps
	NotStarted bool   // the account has to wait for a token holder
}

// Join decides about an available presence. When it returns, the account is in the room what
// its token says, as far as the component could be asked in 200 ms.
func (g *Gateway) Join(ctx context.Context, q JoinRequest) (a JoinAnswer) {
	defer g.Panics.Recover("gateway", "join", func() {
		g.Service.fault(question{doorGateway, q.Account, q.To, q.LoginID})
		a = answerOf(moderation.Decision{Reason: moderation.ReasonInternalError})
	})
	j, d, ok := g.Service.readStream(q)
	if ok {
		room := j.JID // that of a breakout room becomes its main room's
		if d = g.Service.decide(ctx, &j); (d.Allowed || d.HeldByRoom) && !j.Lobby {
			g.Service.goingOn.add(q.Account, room, g.Service.now())
		}
	}
	g.Service.conclude(ctx, g.Log, question{doorGateway, q.Account, q.To, q.LoginID}, d)
	return answerOf(d)
}

// Conference is the same decision about a request to jicofo, from which nothing follows. Who
// waits in the lobby may make it: the room, or its join, says so.
func (g *Gateway) Conference(ctx context.Context, q JoinRequest) (a JoinAnswer) {
	defer g.Panics.Recover("gateway", "conference", func() {
		a = answerOf(moderation.Decision{Reason: moderation.ReasonInternalError})
	})
	j, d, ok := g.Service.readStream(q)
	if ok {
		_, d = g.Service.judge(ctx, &j)
	}
	d.HeldByRoom = d.Waits
	if a = answerOf(d); !a.Allowed && g.Log != nil { // an early guest asks again and again
		of := g.Service.decided(question{doorGateway, q.Account, q.To, q.LoginID}, d)
		g.Log.LogAttrs(ctx, slog.LevelDebug, "conference refused", of.attrs()...)
	}
	return a
}

func answerOf(d moderation.Decision) JoinAnswer {
	a := JoinAnswer{Allowed: d.Allowed || d.HeldByRoom, Reason: string(d.Reason)}
	if !a.Allowed {
		a.Text = d.Reason.ClientText()
		a.Login = d.Reason == moderation.ReasonSessionEnded
		a.NotStarted = d.Reason == moderation.ReasonNotStarted
	}
	return a
}

// readStream finds out where a join is to, or why there is nothing to decide.
func (m *Service) readStream(q JoinRequest) (j join, refused moderation.Decision, ok bool) {
	address, nick, _ := strings.Cut(q.To, "/")
	if len(q.Account) > jid.MaxJID || len(nick) > jid.MaxJID {
		return j, moderation.Refuse(moderation.ReasonMalformedRequest,
			"an address has more than %d bytes; update the client", jid.MaxJID), false
	}
	at, err := m.sessions.Policy().Where(address)
	if err != nil {
		return j, moderation.Refuse(moderation.ReasonUnknownRoom, "%v; nothing else can be joined through the "+
			"gateway: if it is a room, add its component to muc, breakout or lobby_domain of its host", err), false
	}
	if !at.Host.Relay {
		return j, moderation.Refuse(moderation.ReasonUnknownRoom, "%q is a room of %s, which is no relay; add relay "+
			"to it, or look at which host the client logs in to", text.Name(address), at.Host.Host), false
	}
	return join{Place: at, user: q.Account, nick: cmp.Or(q.Name, nick), byStream: true, token: q.TokenPrint}, refused, true
}

// Opens reports whether a session opens a room that an account, a bare JID, has asked to
// enter. A breakout room is its main room; where that is not known, it is not opened.
func (g *Gateway) Opens(s *moderation.Session, account, room string) bool {
	j, _, ok := g.Service.readStream(JoinRequest{Account: account, To: room})
	if !ok || s.Anonymous || j.Host.Host != s.Host || j.Breakout && !g.Service.inMain(&j) {
		return false
	}
	reason, _ := j.Host.Opens(s, j.RoomName)
	return reason == ""
}

// Entered is told that Prosody is about to show an account its own presence in a room. A token
// holder whom the room is open to starts it by that; it is written when Entered returns nil.
// Who is in a breakout room counts as in its main room, which its people leave for it.
func (g *Gateway) Entered(ctx context.Context, q JoinRequest) error {
	j, _, ok := g.Service.readStream(q)
	if !ok || j.Lobby || j.Breakout && !g.Service.inMain(&j) {
		return nil
	}
	if err := g.Service.sessions.Await(ctx); err != nil {
		return err
	}
	v := g.Service.sessions.View(j.Host, j.user, j.RoomName)
	v.ByStream, v.TokenPrint = true, q.TokenPrint
	return g.Occupancy.Entered(ctx, occupancy.Occupant{Room: j.JID, JID: q.Account, Starts: j.Host.Starts(v)})
}

// Left is told that Prosody has shown an account out of a room, or that its stream is over.
func (g *Gateway) Left(q JoinRequest) {
	j, _, ok := g.Service.readStream(q)
	switch {
	case !ok || j.Lobby:
	case j.Breakout && !g.Service.inMain(&j):
		g.Occupancy.Gone(q.Account)
	default:
		g.Occupancy.Left(j.JID, q.Account)
	}
}

// Disconnected is told that the connection of an account is gone. It may come back.
func (g *Gateway) Disconnected(account string) { g.Occupancy.Disconnected(account) }

// Resumed is told that the stream of an account goes on, by another connection.
func (g *Gateway) Resumed(account string) { g.Occupancy.Resumed(account) }
