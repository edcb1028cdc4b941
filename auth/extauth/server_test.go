package extauth

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/listen"
)

func closeWrite(p *peer) error { return p.Conn.(*net.UnixConn).CloseWrite() }

func TestTranscripts(t *testing.T) {
	for name, f := range framings {
		text, err := os.ReadFile("../../testdata/extauth/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { dial(t, serve(t, &Server{Auth: &stub{}}), f).play(string(text)) })
	}
}

// TestRecordedQueries plays what was recorded from the real module, where
// the recordings are.
func TestRecordedQueries(t *testing.T) {
	text, err := os.ReadFile("../../../shared/wire/mod_auth_external_insecure.txt")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the recordings are not here")
	}
	recorded := strings.NewReplacer("example.test", host, "TOKEN", "ok-alice").Replace(string(text))
	dial(t, serve(t, &Server{Auth: &stub{}}), Generic).play(recorded)
}

func TestWhatIsAsked(t *testing.T) {
	for text, want := range map[string]auth.Credentials{
		"auth:alice:" + host + ":a:b:c":  {Host: host, Name: "alice", NameRequired: true, Token: "a:b:c"},
		`auth:user\40gmail.com:h:t`:      {Host: "h", Name: `user\40gmail.com`, NameRequired: true, Token: "t"},
		"auth:иван:h:":                   {Host: "h", Name: "иван", NameRequired: true},
		"setpass:alice:h:secret":         {Problem: &auth.Refusal{Reason: auth.ReasonUnsupportedRequest}},
		"secret":                         {Problem: &auth.Refusal{Reason: auth.ReasonUnsupportedRequest}},
		"auth:a\x01b:h:t":                {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
		"auth:a:h\x7f:t":                 {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
		"auth:a\xff:h:t":                 {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
		"auth:alice":                     {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
		strings.Repeat("q", MaxQuery+1):  {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
		"isuser:alice:h:and:more:fields": {Problem: &auth.Refusal{Reason: auth.ReasonMalformedRequest}},
	} {
		for name, f := range framings {
			if f == Ejabberd && len(text) > MaxQuery {
				continue // its first byte makes it a line
			}
			s := &stub{}
			p := dial(t, serve(t, &Server{Auth: s}), f)
			p.ask(text)
			p.expect(false)
			asked := s.questions()
			if len(asked) != 1 {
				t.Errorf("%s: %.40q: asked %d times", name, text, len(asked))
				continue
			}
			got := asked[0]
			if (got.Problem == nil) != (want.Problem == nil) || got.Problem != nil && got.Problem.Reason != want.Problem.Reason {
				t.Errorf("%s: %.40q: problem %v", name, text, got.Problem)
			}
			if got.Problem != nil && strings.Contains(got.Problem.Detail, "secret") {
				t.Errorf("%s: the detail repeats the query: %s", name, got.Problem.Detail)
			}
			got.Problem, want.Door = nil, Door
			if expected := want; got != func() auth.Credentials { expected.Problem = nil; return expected }() {
				t.Errorf("%s: %.40q: asked for %+v", name, text, got)
			}
		}
	}
}

// TestSecondQueryInOneWrite is what mod_legacyauth and XEP-0077 let through:
// a newline in the password, and a query that the attacker made up.
func TestSecondQueryInOneWrite(t *testing.T) {
	for name, f := range framings {
		t.Run(name, func(t *testing.T) {
			s := &stub{}
			path := serve(t, &Server{Auth: s})
			for _, rest := range []string{"auth:bob:" + host + ":ok-bob", "", "x"} {
				p := dial(t, path, f)
				two := f.AppendQuery(nil, "auth:alice:"+host+":ok-alice")
				p.send(f.AppendQuery(two, rest))
				p.expect(false)
				p.expectEnd()
			}
			for _, c := range s.questions() {
				if c.Problem == nil {
					t.Errorf("decided about %v", c)
				}
			}
		})
	}
}

// TestBytesDuringTheDecision come after the query was read, and before its
// answer was written.
func TestBytesDuringTheDecision(t *testing.T) {
	for name, f := range framings {
		t.Run(name, func(t *testing.T) {
			deciding, goOn := make(chan bool), make(chan bool)
			s := &stub{hook: func(auth.Credentials) { deciding <- true; <-goOn }}
			p := dial(t, serve(t, &Server{Auth: s}), f)
			p.ask("auth:alice:" + host + ":ok-alice")
			<-deciding
			p.send([]byte("a"))
			goOn <- true
			p.expect(false)
			p.expectEnd()
		})
	}
}

func TestLateDecision(t *testing.T) {
	held := make(chan bool)
	s := &stub{hook: func(auth.Credentials) { <-held }}
	p := dial(t, serve(t, &Server{Auth: s, ReplyTimeout: 50 * time.Millisecond}), Generic)
	p.ask("auth:alice:" + host + ":ok-alice")
	p.expect(false)
	p.expectEnd()
	close(held) // the answer comes too late
}

// TestUndecided: whether an account is there that cannot be told in time is no answer: the connection closes.
func TestUndecided(t *testing.T) {
	p := dial(t, serve(t, &Server{Auth: &stub{}, ReplyTimeout: 50 * time.Millisecond}), Generic)
	p.ask("isuser:alice:" + host)
	p.expect(true)
	p.ask("isuser:loading:" + host)
	p.expect(false)
	p.expectEnd()
}

func TestPanicIsARefusal(t *testing.T) {
	s := &stub{hook: func(c auth.Credentials) {
		if c.Token == "boom" {
			panic(c.Token)
		}
	}}
	p := dial(t, serve(t, &Server{Auth: s}), Generic)
	p.ask("auth:alice:" + host + ":boom")
	p.expect(false)
	p.ask("auth:alice:" + host + ":ok-alice")
	p.expect(true)
}

// atRest returns when so many connections have no request in hand: a door gives the place of a request back after its
// answer was written, so a connection that has just read one may not be closed yet for a new one.
func atRest(t *testing.T, door *listen.Listener, n int) {
	t.Helper()
	authtest.Await(t, "the requests are done with", func() bool { return door.Counts().Waiting == n })
}

// TestFullDoor: what has shown nothing good makes room, the oldest first.
func TestFullDoor(t *testing.T) {
	var door *listen.Listener
	path := serveOn(t, &Server{Auth: &stub{}}, func(l net.Listener) net.Listener {
		door = listen.Limit(l, listen.Options{Name: "extauth", Limits: listen.Limits{Most: 2, Waiting: 2}})
		return door
	})
	proven := dial(t, path, Generic)
	proven.ask("auth:alice:" + host + ":ok-alice")
	proven.expect(true)
	atRest(t, door, 1)
	silent := dial(t, path, Generic)
	for range 2 {
		p := dial(t, path, Generic)
		p.ask("isuser:alice:" + host)
		p.expect(true)
		atRest(t, door, 2)
	}
	silent.expectEnd()
	proven.ask("auth:alice:" + host + ":ok-alice")
	proven.expect(true)
}

// TestCutQueryHasNoAnswer: a client that sent half a query gets none.
func TestCutQueryHasNoAnswer(t *testing.T) {
	p := dial(t, serve(t, &Server{Auth: &stub{}}), Generic)
	p.send([]byte("auth:alice:" + host + ":ok-alice"))
	_ = closeWrite(p)
	p.expectEnd()
}

func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := newConn(t.Context(), (&Server{Auth: &stub{}}).withDefaults(), ours, 1)
		done := make(chan bool)
		go func() { c.Serve(); close(done) }()
		time.Sleep(100 * time.Hour) // without a query it may stay
		start := time.Now()
		for range 20 { // bytes do not prolong it
			if _, err := theirs.Write([]byte("a")); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		<-done
		if took := time.Since(start); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("cut after %v", took)
		}
	})
}

// TestStopAnswersWhatIsInHand: the others are closed at once.
func TestStopAnswersWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{hook: func(auth.Credentials) { time.Sleep(time.Second / 2) }}
		ours, theirs := net.Pipe()
		c := newConn(t.Context(), (&Server{Auth: s}).withDefaults(), ours, 1)
		done := make(chan bool)
		go func() { c.Serve(); close(done) }()
		if _, err := theirs.Write([]byte("auth:alice:" + host + ":ok-alice\n")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.Stop()
		(&peer{t, theirs, Generic}).expect(true)
		<-done
	})
}

// TestRealVerifier logs in with a token and a ticket.
func TestRealVerifier(t *testing.T) {
	v, err := auth.New(authtest.Config(host), auth.Options{Sessions: authtest.NewSessions(nil)})
	if err != nil {
		t.Fatal(err)
	}
	token := authtest.Token(t, authtest.Claims(host, nil))
	ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	p := dial(t, serve(t, &Server{Auth: v}), Generic)
	for _, row := range []struct {
		text string
		want bool
	}{
		{"isuser:alice:" + host, false},
		{"auth:alice:" + host + ":" + ticket.Text, true},
		{"auth:alice:" + host + ":" + ticket.Text, false},
		{"auth:bob:" + host + ":" + token, false},
		{"auth:alice:" + host + ":" + token, true},
		{"auth:alice:other.example.com:" + token, false},
		{"isuser:alice:" + host, true},
	} {
		p.ask(row.text)
		p.expect(row.want)
	}
}
