package reconcile_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

// fakeRooms is one room of a Prosody, as far as a Keeper sees it: whoever is made owner is moderator, if he is there,
// and whoever is banned is not there any more.
type fakeRooms struct {
	connected chan struct{}

	mu            sync.Mutex
	latency       time.Duration // of reading
	listing       time.Duration // of reading who is there
	slow          time.Duration // of setting
	telling       time.Duration // of telling how far a room is
	inviting      time.Duration // of sending an invitation
	unsent        error         // of messages
	asked         int           // how far a room is
	asking, most  int           // of those at the same time
	has           map[string]moderation.Affiliation
	there         map[string]moderation.Role
	closed        bool
	told, invited []string
	looks         int
	sets          []string
	fail          error

	connection uint64
	rooms      []string // that are listed
	public     bool     // only those that are public
	listings   int
}

func newFakeRooms(latency time.Duration) *fakeRooms {
	r := &fakeRooms{latency: latency, connected: make(chan struct{}, 1), has: map[string]moderation.Affiliation{}, there: map[string]moderation.Role{}, connection: 1}
	r.connected <- struct{}{}
	return r
}

func (r *fakeRooms) takes(how *time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *how
}

func (r *fakeRooms) wait(ctx context.Context) error {
	select {
	case <-time.After(r.takes(&r.latency)):
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fail
}

func (r *fakeRooms) Affiliations(ctx context.Context, _ string) (map[string]moderation.Affiliation, error) {
	if err := r.wait(ctx); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	return maps.Clone(r.has), nil
}

func (r *fakeRooms) Occupants(context.Context, string) ([]moderation.Occupant, error) {
	time.Sleep(r.takes(&r.listing))
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []moderation.Occupant
	for jid, role := range r.there {
		list = append(list, moderation.Occupant{Nick: jid, JID: jid, Role: role})
	}
	return list, nil
}

// SetAffiliation is done also if whoever asks for it does not wait: it was sent.
func (r *fakeRooms) SetAffiliation(ctx context.Context, _, jid string, a moderation.Affiliation) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-time.After(r.takes(&r.slow)):
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.has[jid] = a
		return err
	}
	if r.fail != nil {
		return r.fail
	}
	r.sets = append(r.sets, jid+" "+string(a))
	r.has[jid] = a
	_, in := r.there[jid]
	switch {
	case in && a == moderation.Owner:
		r.there[jid] = moderation.RoleModerator
	case in && a == moderation.Outcast:
		delete(r.there, jid)
	case in:
		r.there[jid] = moderation.RoleParticipant
	}
	return nil
}

func (r *fakeRooms) MainRoom(context.Context, string) (string, error) {
	return "", moderation.ErrNoRoom
}

func (r *fakeRooms) ReadAndSet(ctx context.Context, room, jid string, a moderation.Affiliation) (map[string]moderation.Affiliation, error) {
	before, err := r.Affiliations(ctx, room)
	if err != nil {
		return nil, err
	}
	return before, r.SetAffiliation(ctx, room, jid, a)
}

func (r *fakeRooms) MembersOnly(context.Context, string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed, r.fail
}

func (r *fakeRooms) SetMembersOnly(_ context.Context, _ string, yes bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = yes
	for jid := range r.there { // Prosody puts out whoever is no member
		if a := r.has[jid]; yes && (a == "" || a == moderation.None) {
			delete(r.there, jid)
		}
	}
	return nil
}

func (r *fakeRooms) Tell(_ context.Context, jid, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, jid+": "+text)
	return r.unsent
}

func (r *fakeRooms) Invite(ctx context.Context, room, jid, _ string) error {
	select {
	case <-time.After(r.takes(&r.inviting)):
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invited = append(r.invited, jid+" to "+room)
	return r.unsent
}

// ListRooms has the rooms that a test names.
func (r *fakeRooms) ListRooms(_ context.Context, conference string, all bool) ([]string, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listings++
	if r.public && all {
		return slices.Clone(r.rooms), false, r.fail
	}
	return slices.Clone(r.rooms), all, r.fail
}

func (r *fakeRooms) Beginning(ctx context.Context, _ string) (b moderation.Beginning, err error) {
	r.mu.Lock()
	r.asked++
	r.asking++
	r.most = max(r.most, r.asking)
	r.mu.Unlock()
	select {
	case <-time.After(r.takes(&r.telling)):
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
	if err != nil || r.fail != nil {
		return b, cmp.Or(err, r.fail)
	}
	if b.Running = len(r.there) > 0; b.Running {
		return b, nil
	}
	for jid, a := range r.has {
		if a == moderation.Owner {
			b.Owners = append(b.Owners, jid)
		}
	}
	return b, nil
}

func (r *fakeRooms) Connection() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.connection
}

func (r *fakeRooms) Connected() <-chan struct{} { return r.connected }

func (r *fakeRooms) enter(jid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.there[jid] = moderation.RoleParticipant
}

func (r *fakeRooms) seen() (looks int, sets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.looks, append([]string(nil), r.sets...)
}

// keep runs a keeper of a new fixture for the time of a test.
func keep(t *testing.T, r *fakeRooms) *fixture {
	t.Helper()
	f := newFixture(t, sessions.State{})
	t.Cleanup(run(t, f.connect(r)))
	return f
}

// moderators logs somebody in with the claim.
func (f *fixture) moderator(t *testing.T, account, room string) {
	t.Helper()
	id := f.Identity(account, "token of "+account, room)
	id.Moderator = true
	f.Login(t, id)
}

// TestKeeperRests: a room that fills up is looked at in proportion to what a look costs, and everybody is served.
func TestKeeperRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFakeRooms(200 * time.Millisecond) // a large one
		f := keep(t, r)
		const joins = 400
		for i := range joins {
			account := "user" + string(rune('a'+i%26)) + time.Duration(i).String()
			f.moderator(t, account, "big")
			f.Joins(t, account+"@"+host, "big@"+conference, moderation.ReasonToken)
			r.enter(account + "@" + host)
			time.Sleep(25 * time.Millisecond)
		}
		looks, _ := r.seen()
		if most := joins * 25 / (200 * 5); looks > most+2 {
			t.Errorf("%d looks of 200 ms within 10 s, want at most %d", looks, most)
		}
		time.Sleep(time.Minute)
		if _, sets := r.seen(); len(sets) != joins {
			t.Errorf("%d affiliations set for %d moderators", len(sets), joins)
		}
		looks, _ = r.seen()
		time.Sleep(10 * time.Minute)
		if after, _ := r.seen(); after != looks {
			t.Errorf("%d looks at a room in which nothing happens", after-looks)
		}
	})
}

// TestKeeperAsserts: an owner who is seen with another role is made owner again, but not for ever.
func TestKeeperAsserts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFakeRooms(time.Millisecond)
		f := keep(t, r)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		time.Sleep(100 * time.Millisecond) // set, while the join is still on its way
		r.enter("alice@" + host)
		time.Sleep(time.Second)
		r.mu.Lock()
		role := r.there["alice@"+host]
		r.mu.Unlock()
		if _, sets := r.seen(); role != moderation.RoleModerator || len(sets) != 2 {
			t.Errorf("she is %s after %q", role, sets)
		}
		f.moderator(t, "bob", "standup") // never comes
		f.Joins(t, "bob@"+host, "standup@"+conference, moderation.ReasonToken)
		time.Sleep(time.Hour)
		if looks, sets := r.seen(); looks > 16 || len(sets) != 3 {
			t.Errorf("%d looks, %q", looks, sets)
		}
	})
}

// TestKeeperTrouble: while a room gives no answer nothing is lost.
func TestKeeperTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFakeRooms(time.Millisecond)
		r.fail = moderation.ErrForbidden
		f := keep(t, r)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		time.Sleep(time.Minute)
		r.mu.Lock()
		r.fail = nil
		r.mu.Unlock()
		time.Sleep(10 * time.Second)
		if _, sets := r.seen(); len(sets) == 0 || sets[0] != "alice@"+host+" owner" {
			t.Errorf("set after the trouble: %q", sets)
		}
	})
}

// TestKeeperMissesNothing: who gets another token while his room is being looked at is looked at again.
func TestKeeperMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFakeRooms(time.Millisecond)
		r.slow = 200 * time.Millisecond
		f := keep(t, r)
		time.Sleep(time.Second) // what comes with a new connection is over
		for _, account := range []string{"alice", "bob", "carol"} {
			f.Login(t, f.Identity(account, "token of "+account, "standup"))
			f.Joins(t, account+"@"+host, "standup@"+conference, moderation.ReasonToken)
			r.enter(account + "@" + host)
		}
		time.Sleep(300 * time.Millisecond) // alice is member by now, bob becomes it
		f.Pass(time.Second)
		f.moderator(t, "alice", "standup")
		time.Sleep(time.Minute)
		r.mu.Lock()
		defer r.mu.Unlock()
		if got := r.has["alice@"+host]; got != moderation.Owner {
			t.Errorf("she is %s after %q", got, r.sets)
		}
	})
}
