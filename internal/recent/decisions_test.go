package recent

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/muc"
)

const host = "meet.example.com"

// login is one as a door has it concluded.
func login(door, account string, refusal *auth.Refusal) auth.Decided {
	l := auth.Decided{Credentials: auth.Credentials{Door: door, Host: host, Name: account}, Host: host, Refusal: refusal}
	if refusal == nil {
		l.ID = auth.Identity{Host: host, Account: account, Issuer: "my-app", LoginID: 7}
	}
	return l
}

func refused(reason auth.Reason) *auth.Refusal { return auth.Refuse(reason, "it is so; mend it") }

// TestFlood: what a stranger can have refused as often as wanted pushes out nothing but its own kind, nor do the logins
// of a busy day push out the one refusal that an operator looks for.
func TestFlood(t *testing.T) {
	d := NewDecisions(nil)
	for i := range 20 {
		d.Login(login("dovecot", fmt.Sprintf("locked-out%d", i), refused(auth.ReasonExpired)))
		d.Join(muc.Decided{Door: "http", Account: fmt.Sprintf("a%d@%s", i, host), Room: "r@c",
			Decision: moderation.Refuse(moderation.ReasonRoomMismatch, "it is for others")})
	}
	for i := range 50_000 {
		d.Login(login("gateway", "x", refused(auth.ReasonBadSignature)))
		d.Login(login("gateway", "x", refused(auth.ReasonMalformed)))
		d.Login(login("dovecot", fmt.Sprint("busy", i), nil))
	}
	got := map[string]int{}
	for _, one := range d.List(Filter{All: true}) {
		got[one.Reason]++
	}
	if got["expired"] != 20 || got["room_mismatch"] != 20 {
		t.Errorf("left are %v", got)
	}
	if n := got["bad_signature"] + got["malformed"] + got["ok"] + 40; n != maxDecisions || got["ok"] < 300 {
		t.Errorf("%d decisions: %v", n, got)
	}
}

// TestFloodOfOne: who logs in again and again with a token that is over pushes out few of the others whose token is over,
// at the same door and for the same reason.
func TestFloodOfOne(t *testing.T) {
	d := NewDecisions(nil)
	over := func(account string) {
		l := login("gateway", account, refused(auth.ReasonExpired))
		l.ID = auth.Identity{Host: host, Account: account}
		d.Login(l)
	}
	const others = 40
	for i := range others {
		over(fmt.Sprint("person", i))
	}
	for range 20_000 {
		over("mallory")
	}
	left := 0
	for _, one := range d.List(Filter{}) {
		if one.Account != "mallory@"+host {
			left++
		}
	}
	if left < others/2 { // one in eight shares mallory's place
		t.Errorf("of %d people %d are left", others, left)
	}
}

// TestRecentBounds: whatever is kept, there is no more of it than the bounds say, and it is counted as what it is.
func TestRecentBounds(t *testing.T) {
	d := NewDecisions(nil)
	long := strings.Repeat("ä", 100_000)
	for i := range 5_000 {
		l := login(fmt.Sprint("door", i%7), long, auth.Refuse(auth.Reasons()[i%20], "%s", long))
		l.ID.DisplayID, l.ID.AccountClaim, l.ID.KeyID, l.Issuer = "u", long, long, long
		d.Login(l)
		d.Join(muc.Decided{Door: "http", Account: long, Room: long, Decision: moderation.Refuse(moderation.ReasonLobby, "%s", long)})
	}
	n, bytes := 0, 0
	for k, p := range d.piles {
		of := 0
		for _, e := range p.entries {
			n++
			of += e.bytes()
			if e.kind != k {
				t.Fatalf("%v is among %v", e.kind, k)
			}
		}
		if of != p.bytes || len(p.entries) == 0 {
			t.Errorf("%v: %d bytes are counted as %d", k, of, p.bytes)
		}
		bytes += of
	}
	if n != d.n || bytes != d.bytes || n > maxDecisions || bytes > maxDecisionBytes || n < 400 {
		t.Errorf("%d decisions of %d bytes, counted as %d and %d", n, bytes, d.n, d.bytes)
	}
}

// TestNoTokenIsKept: neither a token nor a part of it is in anything that is kept or told.
func TestNoTokenIsKept(t *testing.T) {
	d := NewDecisions(nil)
	v, err := auth.New(authtest.Config(host), auth.Options{Last: d})
	if err != nil {
		t.Fatal(err)
	}
	good := authtest.Token(t, authtest.Claims(host, map[string]any{"exp": time.Now().Add(time.Hour).Unix()}))
	over := authtest.Token(t, authtest.Claims(host, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}))
	forged := good[:len(good)-8] + "AAAAAAAA"
	ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Door: "http", Host: host, Token: good})
	if err != nil {
		t.Fatal(err)
	}
	tokens := []string{good, over, forged, ticket.Text, ticket.Text + "x", "pass-word-of-a-person", strings.Repeat("e", 20_000)}
	for _, token := range tokens {
		_, _ = v.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: token})
	}
	runQueue(t, d, v)
	told, err := json.Marshal(d.List(Filter{All: true}))
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	kept.WriteString(string(told))
	for _, p := range d.piles {
		for _, e := range p.entries {
			fmt.Fprintf(&kept, "%+v", *e)
		}
	}
	for _, token := range tokens {
		for part := range strings.SplitSeq(token, ".") {
			for at := 0; at+12 <= len(part); at += 6 {
				if strings.Contains(kept.String(), part[at:at+12]) {
					t.Fatalf("%q of %q is kept: %s", part[at:at+12], token, kept.String())
				}
			}
		}
	}
	if n := len(d.List(Filter{})); n != 5 {
		t.Errorf("%d refusals: %s", n, told)
	}
}

// runQueue makes the explanations that wait.
func runQueue(t *testing.T, d *Decisions, v *auth.Verifier) {
	t.Helper()
	for len(d.queue) > 0 {
		q := <-d.queue
		d.settle(q.entry, explained(q, v.Explain, nil))
	}
}

// TestExplanation: of a refusal there is what usher token explain says, and the way to mend it.
func TestExplanation(t *testing.T) {
	d := NewDecisions(nil)
	v, err := auth.New(authtest.Config(host), auth.Options{Last: d})
	if err != nil {
		t.Fatal(err)
	}
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"exp": time.Now().Add(-time.Hour).Unix(), "aud": "others"}))
	c := auth.Credentials{Door: "dovecot", Host: host, Token: token}
	_, _ = v.Authenticate(t.Context(), c)
	before := d.List(Filter{})
	runQueue(t, d, v)
	after, want := d.List(Filter{}), v.Explain(c)
	if len(before) != 1 || len(after) != 1 || len(after[0].Checks) != len(want.Checks) {
		t.Fatalf("%+v, then %+v", before, after)
	}
	for i, line := range after[0].Checks {
		if line != want.Checks[i] {
			t.Errorf("%+v, explain says %+v", line, want.Checks[i])
		}
		if b := before[0].Checks[i]; b.Name != line.Name || b.OK && !line.OK {
			t.Errorf("before it was explained: %+v, then %+v", b, line)
		}
	}
	if after[0].Mend == "" || after[0].Person == "" || after[0].Reason != string(want.Reason) {
		t.Errorf("%+v", after[0])
	}
}

// TestNoLinks: what is said of a refusal names pages, and has no links, as nobody can follow one on a terminal.
func TestNoLinks(t *testing.T) {
	named := 0
	for _, r := range auth.Reasons() {
		e := &entry{kind: kind{about: Login, reason: string(r)}, result: metrics.Denied}
		d := e.decision()
		if said := d.Cause + d.Mend; strings.Contains(said, "](") {
			t.Errorf("%s: %s", r, said)
		} else if strings.Contains(said, "docs/") {
			named++
		}
	}
	if named == 0 {
		t.Error("no reason names a page")
	}
}

// TestForgedIsFound: the login of a person whose token no key verifies is found by the name that it claims, which is not
// told as proven.
func TestForgedIsFound(t *testing.T) {
	d := NewDecisions(nil)
	v, err := auth.New(authtest.Config(host), auth.Options{Last: d})
	if err != nil {
		t.Fatal(err)
	}
	token := authtest.TokenBy(t, strings.Repeat("another secret", 5), authtest.Claims(host, nil))
	_, _ = v.Authenticate(t.Context(), auth.Credentials{Door: "gateway", Host: host, Token: token})
	runQueue(t, d, v)
	list := d.List(Filter{Account: "alice@" + host})
	if len(list) != 1 || list[0].Account != "" || list[0].Key != "" || list[0].Name != "alice@"+host {
		t.Errorf("%+v", list)
	}
}

// TestJoinIsExplained: each reason of a join has its lines, one of them failed, and none that was not looked at is passed.
func TestJoinIsExplained(t *testing.T) {
	d := NewDecisions(nil)
	reasons := append(moderation.DenyReasons(), moderation.UndecidedReasons()...)
	for _, r := range reasons {
		d.Join(muc.Decided{Door: "http", Account: "a@" + host, Room: "r@c/nick", Decision: moderation.Refuse(r, "so; mend it")})
	}
	list := d.List(Filter{Room: "r"})
	if len(list) != len(reasons) {
		t.Fatalf("%d of %d", len(list), len(reasons))
	}
	for i, one := range list {
		failed := 0
		for _, line := range one.Checks {
			if !line.OK && !line.Skipped {
				failed++
			}
		}
		if failed != 1 || one.Mend == "" || one.Person == "" || one.Reason != string(reasons[i]) || one.Room != "r@c" {
			t.Errorf("%+v", one)
		}
	}
}

func BenchmarkLogin(b *testing.B) {
	d := NewDecisions(nil)
	l := login("dovecot", "alice", nil)
	b.ReportAllocs()
	for b.Loop() {
		d.Login(l)
	}
}

func BenchmarkJoin(b *testing.B) {
	d := NewDecisions(nil)
	j := muc.Decided{Door: "http", Account: "alice@" + host, Room: "r@conference." + host,
		Decision: moderation.Decision{Allowed: true, Reason: moderation.ReasonToken, Affiliation: moderation.Owner}}
	b.ReportAllocs()
	for b.Loop() {
		d.Join(j)
	}
}
