package moderation

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/auth"
)

// isMerge fails the test unless a merge is commutative, associative and idempotent.
func isMerge[T any](t *testing.T, values *rapid.Generator[T], merge func(a, b T) T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := values.Draw(t, "a"), values.Draw(t, "b"), values.Draw(t, "c")
		for name, pair := range map[string][2]T{
			"commutative": {merge(a, b), merge(b, a)},
			"associative": {merge(merge(a, b), c), merge(a, merge(b, c))},
			"idempotent":  {merge(a, a), a},
			"absorbing":   {merge(merge(a, b), b), merge(a, b)},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("not %s: %+v and %+v", name, pair[0], pair[1])
			}
		}
	})
}

// moments are few, so that many are the same, and one is none.
func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if n := rapid.Int64Range(0, 4).Draw(t, "moment"); n > 0 {
			return time.Unix(n, 0)
		}
		return time.Time{}
	})
}

func nodes() *rapid.Generator[string] { return rapid.SampledFrom([]string{"", "a", "b"}) }

func TestMergeRevocations(t *testing.T) {
	for _, print := range []string{"print", ""} {
		isMerge(t, revocations(print), MergeRevocations)
	}
	person, known := Revocation{User: "u", At: time.Unix(2, 0)}, Revocation{User: "u", Expires: time.Unix(9, 0)}
	if merged := MergeRevocations(known, person); !merged.Expires.IsZero() {
		t.Errorf("of a person who may be let in by no end, one is %v", merged.Expires)
	}
}

// revocations are of one token, or of one person.
func revocations(print string) *rapid.Generator[Revocation] {
	return rapid.Custom(func(t *rapid.T) Revocation {
		return Revocation{TokenPrint: print, At: moments().Draw(t, "At"), Expires: moments().Draw(t, "Expires"),
			Lifted: moments().Draw(t, "Lifted"), Node: nodes().Draw(t, "Node"),
			Accounts: rapid.SampledFrom([][]string{nil, {"x"}, {"x", "y"}}).Draw(t, "Accounts")}
	})
}

// TestOutdoes: of any logins of a session the same one is left, in whatever order they are heard of.
func TestOutdoes(t *testing.T) {
	isMerge(t, rapid.Custom(func(t *rapid.T) Session {
		return Session{LoggedIn: moments().Draw(t, "LoggedIn"), Used: moments().Draw(t, "Used"),
			Node: nodes().Draw(t, "Node"), Resumption: nodes().Draw(t, "Resumption")}
	}), func(known, said Session) Session {
		if said.Outdoes(&known) {
			return said
		}
		return known
	})
}

func TestMergeRooms(t *testing.T) {
	isMerge(t, rapid.Custom(func(t *rapid.T) Room {
		return Room{Began: rapid.Int64Range(0, 2).Draw(t, "Began"), Started: rapid.Bool().Draw(t, "Started"),
			Made: rapid.Bool().Draw(t, "Made"), Joined: moments().Draw(t, "Joined"), Changed: moments().Draw(t, "Changed"),
			Lobby:       rapid.SampledFrom([]Switch{"", On, Off}).Draw(t, "Lobby"),
			MembersOnly: rapid.Bool().Draw(t, "MembersOnly"), Gone: rapid.Bool().Draw(t, "Gone")}
	}), MergeRooms)
}

func TestMergeAssignments(t *testing.T) {
	isMerge(t, rapid.Custom(func(t *rapid.T) Assignment {
		return Assignment{Lease: rapid.Uint64Range(0, 1).Draw(t, "Lease"), At: moments().Draw(t, "At"),
			Changed: moments().Draw(t, "Changed"), Gone: rapid.Bool().Draw(t, "Gone"),
			Confirmed: rapid.Bool().Draw(t, "Confirmed"), Lobby: rapid.Bool().Draw(t, "Lobby"),
			External: rapid.Bool().Draw(t, "External"), Overridden: rapid.Bool().Draw(t, "Overridden"),
			Affiliation: rapid.SampledFrom([]Affiliation{Member, Owner}).Draw(t, "Affiliation"),
			Session:     ID{rapid.Byte().Draw(t, "Session")},
			End:         rapid.SampledFrom([]EndReason{"", EndExpired, EndRevoked}).Draw(t, "End")}
	}), MergeAssignments)
}

// TestLifted: a lifted revocation is in force no more, also one whose moment lies ahead, and is again when it is made
// anew, even by a clock that was set back since.
func TestLifted(t *testing.T) {
	at := time.Unix(1000, 0)
	v := Revocation{TokenPrint: "print", At: at}
	if !v.InForce() {
		t.Error("not in force at first")
	}
	for _, now := range []time.Time{at.Add(-time.Hour), at, at.Add(time.Hour)} {
		lifted := v.Lift(now)
		if lifted.InForce() || !v.InForce() {
			t.Errorf("lifted at %v: %+v", now, lifted)
		}
		if merged := MergeRevocations(v, lifted); !merged.Equal(&lifted) {
			t.Errorf("merged with what was before it: %+v", merged)
		}
		for _, again := range []time.Time{at.Add(-2 * time.Hour), at, at.Add(2 * time.Hour)} {
			w := Revocation{TokenPrint: "print", At: again}
			if w = *w.After(&lifted); !w.InForce() || !w.Lifted.Equal(lifted.Lifted) {
				t.Errorf("made anew at %v: %+v", again, w)
			}
		}
	}
}

// TestElsewhere: a revocation by another usher's clock reaches a little further, and no more than that.
func TestElsewhere(t *testing.T) {
	const leeway = 10 * time.Second
	at := time.Unix(1000, 0)
	now := at.Add(time.Hour)
	for node, reach := range map[string]time.Duration{"": leeway, "a": leeway + ClockTolerance} {
		v := Revocation{User: "u", At: at, Node: node}
		if !v.Covers(at.Add(reach), now, leeway) || v.Covers(at.Add(reach+time.Second), now, leeway) ||
			!v.Covers(time.Time{}, now, leeway) {
			t.Errorf("that of %q does not reach %v", node, reach)
		}
	}
}

// TestMergeWins has the rules of who wins, whichever comes first.
func TestMergeWins(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	session := func(login int64, node string) Session { return Session{LoggedIn: at(login), Node: node} }
	for name, c := range map[string]struct{ wins, loses Session }{
		"the later login":  {session(2, "a"), session(1, "b")},
		"the greater name": {session(1, "b"), session(1, "a")},
	} {
		if !c.wins.Outdoes(&c.loses) || c.loses.Outdoes(&c.wins) {
			t.Errorf("%s loses", name)
		}
	}
	for name, c := range map[string]struct{ wins, loses Assignment }{
		"the higher lease":    {Assignment{Lease: 2, At: at(1)}, Assignment{Lease: 1, At: at(9)}},
		"the later change":    {Assignment{At: at(1), Changed: at(5)}, Assignment{At: at(4)}},
		"gone at this moment": {Assignment{At: at(1), Gone: true}, Assignment{At: at(1), Confirmed: true}},
		"given after it went": {Assignment{At: at(2)}, Assignment{At: at(1), Gone: true}},
	} {
		if got := MergeAssignments(c.loses, c.wins); got != c.wins {
			t.Errorf("%s loses: %+v", name, got)
		}
	}
	old := Room{Began: 1, Started: true, Gone: true, Joined: at(9)}
	if fresh := (Room{Began: 2}); MergeRooms(old, fresh) != fresh {
		t.Error("a new life has something of the former one")
	}
}

// TestMergedPrincipal: a merge is about the principal that both are about.
func TestMergedPrincipal(t *testing.T) {
	a := Revocation{Host: "h", Issuer: "i", User: "Alice", At: time.Unix(1, 0)}
	b := Revocation{Host: "h", Issuer: "i", User: "alice", At: time.Unix(2, 0)}
	merged := MergeRevocations(a, b)
	if merged.Principal() != auth.PersonPrincipal("h", "i", "alice") || merged.Equal(&a) || !merged.Equal(&b) {
		t.Errorf("%+v", merged)
	}
}

// TestAfterMerges: a revocation that is made anew is not older, by the rules of a merge, than what it takes the place of.
func TestAfterMerges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, v := revocations("").Draw(t, "old"), revocations("").Draw(t, "new")
		v.Lifted = time.Time{}
		made := v.After(&old)
		if merged := MergeRevocations(*made, old); !merged.Equal(made) || !made.InForce() {
			t.Errorf("%+v, merged with the old one %+v", made, merged)
		}
	})
}

// TestSettledEnd: when a person's revocation ends is settled by the usher that revoked. A longer bound on tokens' lives
// moves it outward, a shorter one or an unknown host moves nothing, and none at all leaves it to be lifted.
func TestSettledEnd(t *testing.T) {
	policy := func(life time.Duration) *Policy {
		p, err := NewPolicy([]HostPolicy{{Host: "h", MUC: []string{"muc.h"}, MaxLifetime: life}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	elsewhere, err := NewPolicy([]HostPolicy{{Host: "other", MUC: []string{"muc.other"}, MaxLifetime: 100 * time.Hour}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	hour, day, never := policy(time.Hour), policy(24*time.Hour), policy(0)
	at := time.Unix(1000, 0)
	ends := map[*Policy]time.Time{
		hour: at.Add(time.Hour + 2*auth.MaxLeeway), day: at.Add(24*time.Hour + 2*auth.MaxLeeway), never: {},
	}
	for _, row := range []struct{ made, read, want *Policy }{
		{hour, hour, hour}, {hour, day, day}, {hour, never, never}, {hour, elsewhere, hour},
		{day, hour, day}, {day, day, day}, {day, never, never}, {day, elsewhere, day},
		{never, hour, never}, {never, day, never}, {never, never, never}, {never, elsewhere, never},
	} {
		for _, node := range []string{"", "a"} {
			v := Revocation{Host: "h", Issuer: "i", User: "u", At: at}
			v.SetNode(node, row.made)
			if got := v.EndBy(row.read); !got.Equal(ends[row.want]) || !v.End().Equal(ends[row.made]) || v.Node != node {
				t.Errorf("it ends at %v by another policy, and was to end at %v; settled is %v", got, ends[row.want], v.End())
			}
			token := Revocation{TokenPrint: "t", At: at, Expires: at}
			token.SetNode(node, row.made)
			if got := token.EndBy(row.read); !got.Equal(at.Add(auth.MaxLeeway)) {
				t.Errorf("one of a token ends at %v", got)
			}
		}
	}
}
