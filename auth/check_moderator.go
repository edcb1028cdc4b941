package auth

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/strictjson"
	"usher/internal/text"
)

// A ClaimTest says where a token may say that its user is a moderator, and
// how.
type ClaimTest struct {
	Path ClaimPath

	// Value is what the claim must say: as its text, in a list, or as a key of
	// an object (Zitadel's roles). In scope and scp it is one word of a text (RFC
	// 8693 section 4.2). Empty: the claim must be true, or "true".
	Value string
}

// ParseClaimTest reads the form of the configuration: a claim path, and after
// an equals sign the value, if there is one: "context.user.affiliation=owner".
func ParseClaimTest(s string) (ClaimTest, error) {
	path, value, found, err := CutClaim(s)
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

func (t ClaimTest) equal(u ClaimTest) bool { return t.Value == u.Value && slices.Equal(t.Path, u.Path) }

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
	for i, claim := range a.host.moderators {
		n := a.claim(claim.path)
		if n == nil {
			continue
		}
		a.had |= bitOf(i)
		a.id.Moderator = a.id.Moderator || slices.ContainsFunc(claim.tests, func(t ClaimTest) bool { return a.holds(t, n) })
	}
	a.id.LobbyBypass = a.choice(a.user, "lobby_bypass")
	a.id.RoomLobby = a.choice(a.room, "lobby")
	a.id.RoomAutostart = a.choice(a.room, "lobby_autostart")
	return nil
}

// holds reports whether a claim that is there passes a test.
func (a *attempt) holds(t ClaimTest, n *strictjson.Node) bool {
	switch {
	case t.Value == "":
		yes, _ := truth(n)
		return yes
	case n.Kind == '"':
		return string(n.Text) == t.Value || t.Path.isScope() && hasWord(n.Text, t.Value)
	case n.Kind == '[':
		return a.claims.Elements(n, func(e *strictjson.Node) error {
			if e.Kind == '"' && string(e.Text) == t.Value {
				return errFound
			}
			return nil
		}) != nil
	}
	key := a.claims.Member(n, t.Value) // nil unless n is an object
	return key != nil && !isNo(key)
}

var errFound = errors.New("found")

// isScope reports whether the claim is a list of words with spaces between, as
// OAuth writes it (RFC 6749 section 3.3).
func (p ClaimPath) isScope() bool {
	name := p[len(p)-1]
	return name == "scope" || name == "scp"
}

func hasWord(text []byte, word string) bool {
	for w := range bytes.FieldsSeq(text) {
		if string(w) == word {
			return true
		}
	}
	return false
}

// isNo reports whether the value of a key takes back what the key says, as in
// {"moderator": false}.
func isNo(n *strictjson.Node) bool {
	yes, said := truth(n)
	return said && !yes
}

// truth reads true and false, and the two as texts, as some issuers write
// them. Nothing else means yes: not 1, not "yes", not "True".
func truth(n *strictjson.Node) (yes, said bool) {
	switch {
	case n.Kind == 't' || n.Kind == '"' && string(n.Text) == "true":
		return true, true
	case n.Kind == 'f' || n.Kind == '"' && string(n.Text) == "false":
		return false, true
	}
	return false, false
}

func describeModerator(a *attempt) string {
	var why []string
	for _, claim := range a.host.moderators {
		n := a.claim(claim.path)
		if n == nil {
			if text := claim.path.inTheWay(&a.claims); text != "" && !slices.Contains(why, text) {
				why = append(why, text)
			}
			continue
		}
		if i := slices.IndexFunc(claim.tests, func(t ClaimTest) bool { return a.holds(t, n) }); i >= 0 {
			return "moderator, by " + claim.tests[i].String()
		}
		why = append(why, claim.whyNot(n))
	}
	if why == nil {
		return "not a moderator: the token has none of the claims in moderation.moderators"
	}
	return "not a moderator: " + strings.Join(why, "; ")
}

// whyNot says why a claim that is there makes no moderator.
func (c moderatorClaim) whyNot(n *strictjson.Node) string {
	var wanted []string
	for _, t := range c.tests {
		if t.Value == "" {
			wanted = append(wanted, `true or "true"`)
		} else {
			wanted = append(wanted, fmt.Sprintf("%q", text.Name(t.Value)))
		}
	}
	only := strings.Join(wanted, " or ")
	flag := len(c.tests) == 1 && c.tests[0].Value == ""
	switch {
	case isNo(n):
		return fmt.Sprintf("%s is %s", c.path, n.Words())
	case flag:
	case n.Kind == '[':
		return fmt.Sprintf("%s is a list, and the text %s is not in it", c.path, only)
	case n.Kind == '{':
		return fmt.Sprintf("%s is an object, and the key %s is not in it, or is false", c.path, only)
	}
	return fmt.Sprintf("%s is %s, only %s counts", c.path, n.Words(), only)
}
