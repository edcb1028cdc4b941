package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A ClaimTest says where a token may say that its user is a moderator, and
// how.
type ClaimTest struct {
	Path  ClaimPath
	Value string // the claim must be this text, or an array that holds it; empty: it must be true, or "true"
}

// ParseClaimTest reads the form of the configuration: a claim path, and after
// an equals sign the value, if there is one: "context.user.affiliation=owner".
func ParseClaimTest(s string) (ClaimTest, error) {
	name, value, found := strings.Cut(s, "=")
	path, err := ParseClaimPath(name)
	if err != nil {
		return ClaimTest{}, err
	}
	if found && value == "" {
		return ClaimTest{}, errors.New("there is nothing after the equals sign")
	}
	return ClaimTest{path, value}, nil
}

// String returns the form that ParseClaimTest reads.
func (t ClaimTest) String() string {
	if t.Value == "" {
		return t.Path.String()
	}
	return t.Path.String() + "=" + t.Value
}

// DefaultModerators is what Jitsi's tokens and the plugins of its operators
// say (claims.md, "Who becomes moderator").
func DefaultModerators() []ClaimTest {
	affiliation := ClaimPath{"context", "user", "affiliation"}
	return []ClaimTest{
		{Path: ClaimPath{"moderator"}}, {Path: ClaimPath{"context", "user", "moderator"}},
		{affiliation, "owner"}, {affiliation, "moderator"}, {affiliation, "teacher"},
	}
}

// checkModerator finds out whether the user is a moderator, and what the token
// says of lobbies. It refuses nobody: what cannot be read says nothing.
func checkModerator(a *attempt) *Refusal {
	for _, test := range a.host.Moderators {
		if ok, _ := a.passes(test); ok {
			a.id.Moderator = true
			break
		}
	}
	a.id.LobbyBypass = a.choice("context", "user", "lobby_bypass")
	a.id.RoomLobby = a.choice("context", "room", "lobby")
	a.id.RoomAutostart = a.choice("context", "room", "lobby_autostart")
	return nil
}

// passes also says what is odd about a claim that is there and does not count.
func (a *attempt) passes(t ClaimTest) (ok bool, odd string) {
	n := a.claims.get(t.Path...)
	switch {
	case n == nil:
		return false, ""
	case t.Value == "":
		return truth(n)
	case n.kind == '"':
		return string(n.text) == t.Value, ""
	case n.kind == '[':
		found := errors.New("found")
		return a.claims.elements(n, func(e *node) error {
			if e.kind == '"' && string(e.text) == t.Value {
				return found
			}
			return nil
		}) != nil, ""
	}
	return false, "is neither a text nor an array"
}

// truth reads true and false, and the two as texts, as some issuers write
// them. Nothing else means yes: not 1, not "yes", not "True".
func truth(n *node) (ok bool, odd string) {
	switch {
	case n.kind == 't' || n.kind == '"' && string(n.text) == "true":
		return true, ""
	case n.kind == 'f' || n.kind == '"' && string(n.text) == "false":
		return false, ""
	}
	return false, `is not true, false, "true" or "false"`
}

func describeModerator(a *attempt) string {
	var odd []string
	for _, test := range a.host.Moderators {
		ok, why := a.passes(test)
		if ok {
			return "moderator, by " + test.String()
		}
		if text := fmt.Sprintf("%s %s", test.Path, why); why != "" && !slices.Contains(odd, text) {
			odd = append(odd, text)
		}
	}
	if odd == nil {
		return "not a moderator"
	}
	return "not a moderator; " + strings.Join(odd, "; ")
}
