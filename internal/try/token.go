package try

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/explain"
	"usher/internal/mint"
	"usher/internal/text"
)

// A person is whom a trial stands for.
type person struct {
	*Trial
	name    string // of the account in the token that is made, and of the room
	token   string
	known   auth.Report // what the configuration says of the token
	maybeIn bool        // a login was let in, or its answer did not come any more
	bound   string      // the full JID; empty: Prosody has given none
	address string      // the bare JID of the room to join; empty: none
}

// shownAs is the name in the token that is made, for people.
const shownAs = "usher try"

// tokenFor is how long a token is good that is made.
const tokenFor = time.Minute

// mint makes the token if there is none, and judges it by the configuration that was read here.
func (t *person) mint(ctx context.Context) result {
	made := t.Token == ""
	t.token = t.Token
	if made {
		token, err := t.make()
		if err != nil {
			return failed("give one with --token FILE", "none can be made: %v", err)
		}
		t.token = token
	}
	e, err := explain.New(ctx, t.Config.Auth, t.Config.Rooms, nil)
	if err != nil {
		return failed("usher check says more", "%v", err)
	}
	defer e.Close()
	q := explain.Question{Text: t.token, Verbatim: true, Host: t.Host}
	if !made && t.Room == "" { // the room is the token's to name
		t.known = e.Explain(ctx, q)
	}
	q.Room = t.roomName()
	t.known = e.Explain(ctx, q)
	for _, line := range t.known.Checks {
		if !line.OK && !line.Skipped {
			return badToken(line)
		}
	}
	what := "good"
	if made {
		what = "made for " + t.name + ", good for " + text.Duration(tokenFor)
	}
	if t.known.Affiliation != "" {
		what += "; it is " + article(t.known.Affiliation) + " in " + t.roomName()
	}
	return passed("%s; issuer %s", what, quoted(t.known.Identity.Issuer))
}

// badToken takes a line of the list of checks apart: what to change stands behind its first semicolon.
func badToken(line auth.CheckLine) result {
	seen, mend, _ := strings.Cut(line.Detail, "; ")
	if mend == "" {
		mend = "usher token explain says more"
	}
	return failed(mend, "%s", seen)
}

// make makes a token that is good for a moment, and that makes a moderator.
func (t *person) make() (string, error) {
	rules := t.rules()
	issuer, ok := rules.Issuers[t.Issuer]
	if !ok {
		return "", errors.New("the host has no issuer " + quoted(t.Issuer))
	}
	key, err := mint.Secret(issuer, issuer.Algorithms)
	if err != nil {
		return "", err
	}
	room := t.Room
	if room == "" {
		room = t.name
	}
	claims, err := mint.Request{Host: t.Host, Issuer: t.Issuer, User: t.name, Name: shownAs, Room: room,
		Now: time.Now(), TTL: tokenFor}.Claims(rules)
	if err != nil {
		return "", err
	}
	tests := rules.Moderators
	if tests == nil {
		tests = auth.DefaultModerators()
	}
	if len(tests) > 0 {
		var v any = true
		if tests[0].Value != "" {
			v = tests[0].Value
		}
		if err := mint.Set(claims, tests[0].Path, v); err != nil {
			return "", err
		}
	}
	return keys.Mint(key, "", claims)
}

// roomName is the localpart of the room, or nothing where the host has none.
func (t *person) roomName() string {
	switch {
	case len(t.policy().MUC) == 0:
		return ""
	case t.Room != "":
		return t.Room
	case t.Token != "":
		return t.claimedRoom()
	}
	return t.name
}

// claimedRoom is the room that a given token is for, or one that nobody knows where it opens several.
func (t *person) claimedRoom() string {
	id := t.known.Identity
	if len(id.Rooms) == 1 && !id.RoomRegex && !strings.ContainsAny(id.Rooms[0], "*[") {
		return id.Rooms[0]
	}
	return t.name
}

func article(affiliation string) string {
	if affiliation == "none" {
		return "nothing"
	}
	if affiliation == "owner" {
		return "an owner"
	}
	return "a " + affiliation
}

func drawn() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // it cannot fail
	return hex.EncodeToString(b)
}
