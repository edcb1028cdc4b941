package relay

import (
	"context"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
	"usher/auth/relayauth"
)

const (
	host  = "meet.example.com"
	full  = "u-1@meet.example.com/res"
	room  = "one@conference.meet.example.com"
	anon  = `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>`
	yes   = `<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>`
	open  = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="meet.example.com"/>`
	bind  = `<iq xmlns="jabber:client" type="set" id="b1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`
	mine  = `<iq xmlns="jabber:client" type="result" id="b1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>` + full + `</jid></bind></iq>`
	on    = `<enabled xmlns="urn:xmpp:sm:3" id="sm-1" resume="true"/>`
	again = `<resume xmlns="urn:xmpp:sm:3" previd="sm-1" h="3"/>`
	back  = `<resumed xmlns="urn:xmpp:sm:3" previd="sm-1" h="3"/>`
)

// logins keep what they are told.
type logins struct {
	begun      []relayauth.Request
	login      relayauth.Login
	refusal    error // of each question
	resumes    string
	events     []string
	recorded   error
	notGood    error // once more
	innerFails bool
	outdated   bool
}

func (l *logins) note(parts ...string) { l.events = append(l.events, strings.Join(parts, " ")) }

func (l *logins) Begin(_ context.Context, r relayauth.Request) (*relayauth.Login, error) {
	l.begun = append(l.begun, r)
	if l.refusal != nil {
		return nil, l.refusal
	}
	login := l.login
	return &login, nil
}

func (l *logins) InnerToken(context.Context, *relayauth.Login) (string, error) {
	if l.innerFails {
		return "", auth.Refuse(auth.ReasonRevoked, "as asked")
	}
	return "inner.to.ken", nil
}

func (l *logins) StillGood(context.Context, *relayauth.Login) error { return l.notGood }

func (l *logins) Record(_ context.Context, _ *relayauth.Login, host, account string) error {
	l.note("record", account+"@"+host)
	return l.recorded
}

func (l *logins) RememberStream(_ context.Context, _ *relayauth.Login, host, account, id string) error {
	l.note("remember", account+"@"+host, id)
	return nil
}

func (l *logins) MayResume(_ *relayauth.Login, _, id string) (string, bool) {
	return "u-1", l.resumes != "" && id == l.resumes
}

func (l *logins) Outdated(*relayauth.Login) bool { return l.outdated }

func (l *logins) StreamEnded(_, id string, forGood bool) {
	if forGood {
		id += " for good"
	}
	l.note("ended", id)
}

// rooms let in to what begins with "one", and keep what they are told.
type rooms struct {
	events  []string
	names   []string              // of who joined
	answers map[string]JoinAnswer // by the address
	resumed func()                // done first when a stream has resumed
}

func (r *rooms) note(what string, q JoinRequest) {
	r.events = append(r.events, what+" "+q.Account+" "+q.To)
}

func (r *rooms) answer(to string) JoinAnswer {
	bare, _, _ := strings.Cut(to, "/")
	if a, ok := r.answers[bare]; ok {
		return a
	}
	return JoinAnswer{Reason: "unknown_room"}
}

func (r *rooms) Join(_ context.Context, q JoinRequest) JoinAnswer {
	r.note("join", q)
	r.names = append(r.names, q.Name)
	return r.answer(q.To)
}

func (r *rooms) Conference(_ context.Context, q JoinRequest) JoinAnswer {
	r.note("conference", q)
	return r.answer(q.To)
}

func (r *rooms) Opens(_ auth.Identity, _, occupant string) bool { return r.answer(occupant).Allowed }

func (r *rooms) Entered(_ context.Context, q JoinRequest) error { r.note("entered", q); return nil }
func (r *rooms) Left(q JoinRequest)                             { r.note("left", q) }
func (r *rooms) Disconnected(account string)                    { r.events = append(r.events, "gone "+account) }

func (r *rooms) Resumed(account string) {
	if r.resumed != nil {
		r.resumed()
	}
	r.events = append(r.events, "resumed "+account)
}

// mayBeIn returns the rooms that the account may be in, and whether those are all.
func (c *shown) mayBeIn() (rooms []string, all bool) {
	inside := c.places()
	return inside.asked, !inside.partly
}

// A wire keeps what a connection is told.
type wire struct {
	farewells []Farewell
	cuts      int
}

func (w *wire) Leave(f Farewell) { w.farewells = append(w.farewells, f) }
func (w *wire) Cut()             { w.cuts++ }

// A bench is one stream with all around it.
type bench struct {
	t       *testing.T
	logins  *logins
	rooms   *rooms
	wire    *wire
	streams *Streams
	stream  *Stream

	finished []Lost
}

func newBench(t *testing.T, change func(*Client)) *bench {
	b := &bench{t: t, logins: &logins{}, wire: &wire{}, rooms: &rooms{answers: map[string]JoinAnswer{
		room:                                {Allowed: true},
		"two@conference.meet.example.com":   {Reason: "room_mismatch", Text: "x"},
		"late@conference.meet.example.com":  {Reason: "session_ended", Login: true},
		"early@conference.meet.example.com": {Reason: "not_started", NotStarted: true},
	}}}
	b.streams = NewStreams(Options{Logins: b.logins, Rooms: b.rooms, Swap: &swap.Key{1},
		Finish: func(list []Lost) { b.finished = append(b.finished, list...) }})
	b.begin(change)
	return b
}

// begin begins a stream of the same person.
func (b *bench) begin(change func(*Client)) {
	c := Client{Login: &relayauth.Login{}, Host: host, EarlyGuests: true, Connection: b.wire}
	if change != nil {
		change(&c)
	}
	b.stream = b.streams.New(c)
}

func (b *bench) read(s string) stanza.Element {
	b.t.Helper()
	e, err := stanza.Parse([]byte(s))
	if err != nil {
		b.t.Fatalf("%s: %v", s, err)
	}
	return e
}

func (b *bench) up(s string) Verdict {
	b.t.Helper()
	return b.stream.FromClient(b.t.Context(), b.read(s))
}

func (b *bench) down(s string) Verdict {
	b.t.Helper()
	return b.stream.FromProsody(b.t.Context(), b.read(s))
}

// passes wants an element to pass as it is.
func (b *bench) passes(v Verdict) {
	b.t.Helper()
	if v.Replace != nil || v.Answer != nil || v.End != nil {
		b.t.Fatalf("it becomes %s, the answer is %s, the end %+v", v.Replace, v.Answer, v.End)
	}
}

func (b *bench) ends(v Verdict, condition string) {
	b.t.Helper()
	if v.End == nil || v.End.Condition != condition {
		b.t.Fatalf("it becomes %s, the answer is %s, the end %+v; want the end %s", v.Replace, v.Answer, v.End, condition)
	}
}

// authenticate goes as far as SASL does.
func (b *bench) authenticate() {
	b.t.Helper()
	b.passes(b.up(anon))
	b.passes(b.down(yes))
	b.passes(b.up(open))
}

// login goes on until the account is bound.
func (b *bench) login() {
	b.t.Helper()
	b.authenticate()
	b.passes(b.up(bind))
	b.passes(b.down(mine))
	if !b.stream.Bound() {
		b.t.Fatal("the stream is not bound")
	}
}

func (b *bench) happened(want string, got []string) {
	b.t.Helper()
	if s := strings.Join(got, ", "); s != want {
		b.t.Errorf("got  %s\nwant %s", s, want)
	}
}

func presence(to, attributes, inside string) string {
	return `<presence xmlns="jabber:client" id="p1" to="` + to + `" ` + attributes + `>` + inside + `</presence>`
}

const mucX = `<x xmlns="http://jabber.org/protocol/muc"/>`

func shownIn(from, kind, codes string) string {
	return `<presence xmlns="jabber:client" from="` + from + `" to="` + full + `"` + kind + `>` +
		`<x xmlns="http://jabber.org/protocol/muc#user"><item role="participant"/>` + codes + `</x></presence>`
}

const self = `<status code='110'/>`
