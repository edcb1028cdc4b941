package dovecot

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/panics"
)

// TestQuestions checks that the authenticator is asked exactly once for each
// login, with what the client said.
func TestQuestions(t *testing.T) {
	bearer := "n,a=a=2Cb,\x01auth=Bearer ok-x\x01\x01"
	for _, row := range []struct {
		line   string
		want   auth.Credentials
		reason auth.Reason
	}{
		{"PLAIN\tservice=xmpp\tresp=" + b64("\x00alice\x00ok-x"), auth.Credentials{Name: "alice", Token: "ok-x"}, ""},
		{"PLAIN\tresp=" + b64("z\x00alice\x00ok-x"), auth.Credentials{Name: "alice", Authzid: "z", Token: "ok-x"}, ""},
		{"PLAIN\tservice=\tresp=" + b64("\x00alice\x00ok-x"), auth.Credentials{Name: "alice", Token: "ok-x"}, ""},
		{"PLAIN\tservice=meet.example.com\tresp=" + b64("\x00alice\x00ok-x"), auth.Credentials{Host: "meet.example.com", Name: "alice", Token: "ok-x"}, ""},
		{"OAUTHBEARER\tservice=xmpp\tresp=" + b64(bearer), auth.Credentials{Authzid: "a,b", Token: "ok-x"}, ""},
		{"X\tresp==", auth.Credentials{}, auth.ReasonUnsupportedMechanism},
		{"PLAIN\tresp=" + b64("alice"), auth.Credentials{}, auth.ReasonMalformedRequest},
		{"PLAIN\tresp=", auth.Credentials{}, auth.ReasonMalformedRequest},
		{"OAUTHBEARER\tresp=" + b64("\x01"), auth.Credentials{}, auth.ReasonMalformedRequest},
		{"PLAIN\tservice=" + strings.Repeat("h", 1024) + "\tresp=" + b64("\x00alice\x00ok-x"), auth.Credentials{}, auth.ReasonMalformedRequest},
		{"PLAIN\tservice=h\tresp=" + strings.Repeat("A", 40<<10), auth.Credentials{Host: "h"}, auth.ReasonTokenTooLong},
	} {
		s := &stub{}
		p := dial(t, unixServer(t, &Server{Auth: s})).handshake()
		p.send("AUTH\t1\t" + row.line + "\n")
		if got := p.line(); strings.HasPrefix(got, "OK") != (row.reason == "") {
			t.Errorf("%.60q: %s", row.line, got)
		}
		asked := s.questions()
		if len(asked) != 1 {
			t.Errorf("%.60q: asked %d times", row.line, len(asked))
			continue
		}
		got := asked[0]
		if problem := got.Problem; (problem != nil) != (row.reason != "") || problem != nil && problem.Reason != row.reason {
			t.Errorf("%.60q: problem %v, want %q", row.line, problem, row.reason)
		}
		row.want.Door, got.Problem = Door, nil
		if got != row.want {
			t.Errorf("%.60q:\n got %+v\nwant %+v", row.line, got, row.want)
		}
	}
}

// TestBegunLogins: a user who begins logins and drops them keeps no other from going
// on with one.
func TestBegunLogins(t *testing.T) {
	p := dial(t, unixServer(t, &Server{Auth: &stub{}})).handshake()
	p.send("AUTH\t1\tPLAIN\tservice=h\tresp==\n")
	p.expect("CONT\t1\t=")
	for id := range 1000 {
		p.send(fmt.Sprintf("AUTH\t%d\tPLAIN\tservice=h\tresp==\n", id+2))
		p.expect(fmt.Sprintf("CONT\t%d\t=", id+2))
	}
	p.send("CONT\t1\t" + b64("\x00alice\x00ok-x") + "\n")
	p.expect("OK\t1\tuser=x")
}

// TestUserIsNotSmuggled: an unescaped TAB or LF in user= was a takeover.
func TestUserIsNotSmuggled(t *testing.T) {
	p := dial(t, unixServer(t, &Server{Auth: &stub{}})).handshake()
	p.send(plainAuth(1, "mallory", "ok-mallory\tuser=admin\nOK\t2\tuser=admin\r"))
	p.expect("OK\t1\tuser=mallory\x01tuser=admin\x01nOK\x01t2\x01tuser=admin\x01r")
	p.send(plainAuth(2, "admin", "no-bad_signature"))
	p.expect("FAIL\t2\treason=" + auth.ReasonBadSignature.ClientText())
	p.send(plainAuth(3, "x\tuser=admin\nOK\t4\tuser=admin", "no-expired"))
	p.expect("FAIL\t3\treason=" + auth.ReasonExpired.ClientText())
	p.send(plainAuth(4, "admin", "no-"+"made up\nOK\t5\tuser=admin"))
	p.expect("FAIL\t4")
}

func TestUndecided(t *testing.T) {
	temp := "\treason=" + auth.ReasonKeysUnavailable.ClientText() + "\ttemp\tcode=temp_fail"
	var log logBuffer
	s := &stub{hook: func(c auth.Credentials) {
		if c.Token == "panic" {
			panic("with the secret " + c.Token)
		}
	}}
	p := dial(t, unixServer(t, &Server{Auth: s, Log: log.logger(), Panics: panics.New(log.logger(), nil)})).handshake()
	for _, token := range []string{"panic", "an error that is no refusal", "ok-", "no-keys_unavailable", "no-"} {
		p.send(plainAuth(1, "alice", token))
		p.expect("FAIL\t1" + temp)
	}
	p.send(plainAuth(2, "alice", "ok-alice"))
	p.expect("OK\t2\tuser=alice")
	if text := log.String(); !strings.Contains(text, "msg=panic ") || strings.Contains(text, "secret") {
		t.Errorf("the log says %s", text)
	}
}

// lenient lets everything in, also what could not be read.
type lenient struct{}

func (lenient) Authenticate(context.Context, auth.Credentials) (auth.Identity, error) {
	return auth.Identity{Account: "admin"}, nil
}

func TestProblemIsNeverAYes(t *testing.T) {
	p := dial(t, unixServer(t, &Server{Auth: lenient{}})).handshake()
	p.send("AUTH\t1\tX\tresp==\n")
	p.expect("FAIL\t1\treason=" + auth.ReasonKeysUnavailable.ClientText() + "\ttemp\tcode=temp_fail")
}

func TestOldestChallengeMakesRoom(t *testing.T) {
	p := dial(t, unixServer(t, &Server{Auth: &stub{}})).handshake()
	for id := range maxPending + 1 {
		p.send(strings.Replace(plainAuth(id, "", ""), b64("\x00\x00"), "=", 1))
		if got := p.line(); !strings.HasSuffix(got, "\t=") {
			t.Fatal(got)
		}
	}
	response := b64("\x00alice\x00ok-alice")
	p.send("CONT\t0\t" + response + "\nCONT\t1\t" + response + "\n")
	p.expect("FAIL\t0\treason=" + auth.ReasonMalformedRequest.ClientText())
	p.expect("OK\t1\tuser=alice")
}

func TestAnswersComeInOrder(t *testing.T) {
	p := dial(t, unixServer(t, &Server{Auth: &stub{}})).handshake()
	var lines, want strings.Builder
	for id := range 200 {
		lines.WriteString(plainAuth(id, "alice", "ok-alice"))
		want.Write(appendOK(nil, uint32(id), "alice"))
	}
	p.send(lines.String())
	for line := range strings.Lines(want.String()) {
		p.expect(strings.TrimSuffix(line, "\n"))
	}
}
