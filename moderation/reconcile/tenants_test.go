package reconcile_test

import (
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestNamedByCreation: a new room begins with the accounts whose claims name it, in whichever spelling, and with or without
// its tenant; and with none whose claim would only be its name once it is decoded.
func TestNamedByCreation(t *testing.T) {
	for room, want := range map[string]map[string]moderation.Affiliation{
		"r%c3%a4k":       {"plain": moderation.Member, "encoded": moderation.Member},
		"räk":            {"plain": moderation.Member},
		"[acme]r%c3%a4k": {"plain": moderation.Member, "encoded": moderation.Member, "tenant": moderation.Member},
		"[other]räk":     {"plain": moderation.Member},
		"%72%c3%a4k":     nil,
	} {
		f := newFixture(t, moderationtest.State{})
		f.Login(t, f.Identity("plain", "t1", "Räk"))
		f.Login(t, f.Identity("encoded", "t2", "R%C3%A4K"))
		f.Login(t, f.Identity("tenant", "t3", "[acme]Räk"))
		f.Login(t, f.Identity("folded", "t4", "rak"))
		f.begins(t, room+"@"+conference, want)
	}
}

// TestBeforeJoinTenant: a join by the address that Jitsi's mapper shows of a tenant's room is seen to like any other.
func TestBeforeJoinTenant(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, _ := startHall(t, order, time.Millisecond)
		f.Joins(t, "alice@"+host, "[acme]hall@"+conference, moderation.ReasonToken)
		f.Moderator(t, "bob", "*")
		for _, elsewhere := range []string{"hall@conference.other." + host, "hall@conference.acme." + host + ".evil.org", "hall@xconference.acme." + host} {
			f.before(t, "bob@"+host, elsewhere)
		}
		r.did(t, 0)
		f.before(t, "bob@"+host, "Hall@Conference.ACME."+host+".")
		r.did(t, 1, "bob@"+host+" owner")
	})
}

// TestLoginNamesTenants: a login is brought in order at once in the running rooms that its token names, in whichever tenant,
// and no longer once they have ended.
func TestLoginNamesTenants(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r := newFixture(t, moderationtest.State{}), newRooms(t, order, time.Millisecond)
		defer f.Act(t, r)()
		f.Moderator(t, "alice", "*")
		for _, room := range []string{"[acme]r%c3%a4k", "[other]räk"} {
			f.Joins(t, "alice@"+host, room+"@"+conference, moderation.ReasonToken)
		}
		time.Sleep(time.Minute)
		r.Forget()
		f.Moderator(t, "bob", "Räk")
		time.Sleep(time.Second)
		f.Moderator(t, "carol", "[acme]RÄK")
		time.Sleep(time.Second)
		f.Moderator(t, "eve", "rak")
		time.Sleep(time.Second)
		acme, other := "[acme]r%c3%a4k@"+conference, "[other]räk@"+conference
		want := map[string][2]moderation.Affiliation{ // in the one and in the other
			"bob":   {moderation.Owner, moderation.Owner},
			"carol": {moderation.Owner, moderation.None},
			"eve":   {moderation.None, moderation.None},
		}
		for account, is := range want {
			if got := [2]moderation.Affiliation{r.has(acme, account+"@"+host), r.has(other, account+"@"+host)}; got != is {
				t.Errorf("%s is %v, want %v: %q", account, got, is, r.set())
			}
		}
	})
}
