package lobby

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"usher/internal/jid"
)

// knockAndDecide is somebody who waits and is decided about.
func (f *fixture) knockAndDecide(t *testing.T, room, jid string) {
	t.Helper()
	f.Knock(room, jid, "", true)
	if _, err := f.Decide(t.Context(), Verdict{Room: room, JID: jid, Admitted: true, By: "mod@h"}); err != nil {
		t.Fatal(err)
	}
}

// TestDecideOnlyWhoKnocks: nobody is decided about who does not wait in that very room, or did.
func TestDecideOnlyWhoKnocks(t *testing.T) {
	f := newFixture(t, State{})
	f.Knock(room("a").JID, "alice@h", "Alice", true)
	for _, v := range []Verdict{
		{Room: room("a").JID, JID: "bob@h"}, {Room: room("b").JID, JID: "alice@h"}, {Room: room("a").JID, JID: "alice@h/phone"},
		{Room: room("a").JID, JID: "ALICE@h"}, {Room: room("a").JID, JID: ""}, {Room: "", JID: "alice@h"},
		{Room: room("a").JID, JID: strings.Repeat("x", 200_000) + "@h"},
	} {
		if _, err := f.Decide(t.Context(), v); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("%.40q in %q: %v", v.JID, v.Room, err)
		}
	}
	if f.verdicts.n != 0 || len(f.store.verdicts) != 0 {
		t.Errorf("%d verdicts, %d in the state", f.verdicts.n, len(f.store.verdicts))
	}
	decide := func(admitted, want bool) {
		t.Helper()
		news, err := f.Decide(t.Context(), Verdict{Room: room("a").JID, JID: "alice@h", Admitted: admitted})
		if err != nil || news != want {
			t.Errorf("admitted %v: news %v, %v", admitted, news, err)
		}
	}
	decide(false, true)
	decide(true, true) // she waits no longer, but was decided about
	decide(true, false)
	f.now = evening.Add(VerdictLasts)
	if _, err := f.Decide(t.Context(), Verdict{Room: room("a").JID, JID: "alice@h"}); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("a day later: %v", err)
	}
}

// TestVerdictsOfARoom: a room that decides about very many loses its own oldest, and no other room's.
func TestVerdictsOfARoom(t *testing.T) {
	f := newFixture(t, State{})
	f.knockAndDecide(t, room("quiet").JID, "alice@h")
	for i := range maxVerdictsOfRoom + 50 {
		f.now = f.now.Add(time.Second)
		f.knockAndDecide(t, room("loud").JID, fmt.Sprint("guest", i, "@h"))
	}
	if n := len(f.verdicts.of(room("loud").JID)); n != maxVerdictsOfRoom {
		t.Errorf("%d of the loud room are kept", n)
	}
	f.wantStanding(t, "quiet", "alice@h", Admitted)
	f.wantStanding(t, "loud", "guest49@h", Unlisted)
	f.wantStanding(t, "loud", "guest50@h", Admitted)
	if len(f.store.verdicts) != f.verdicts.n {
		t.Errorf("%d are in the state, %d in memory", len(f.store.verdicts), f.verdicts.n)
	}
}

// TestVerdictsFull: at the bound of all rooms those with most give place to those with few.
func TestVerdictsFull(t *testing.T) {
	var state State
	const rooms = maxVerdicts / (maxVerdictsOfRoom - 1)
	for i := range rooms {
		for j := range maxVerdictsOfRoom - 1 {
			state.Verdicts = append(state.Verdicts, Verdict{Room: room(fmt.Sprint("r", i)).JID, JID: fmt.Sprint("g", j, "@h"), At: evening.Add(-time.Hour)})
		}
	}
	for i := range maxVerdicts - len(state.Verdicts) {
		state.Verdicts = append(state.Verdicts, Verdict{Room: room(fmt.Sprint("one", i)).JID, JID: "g@h", At: evening.Add(-20 * time.Hour)})
	}
	f := newFixture(t, state)
	if f.verdicts.n != maxVerdicts {
		t.Fatalf("%d loaded", f.verdicts.n)
	}
	for i := range 100 {
		f.knockAndDecide(t, room("small").JID, fmt.Sprint("guest", i, "@h"))
	}
	f.knockAndDecide(t, room("r0").JID, "another@h")
	if f.verdicts.n > maxVerdicts {
		t.Errorf("%d are kept", f.verdicts.n)
	}
	for i := range 100 {
		f.wantStanding(t, "small", fmt.Sprint("guest", i, "@h"), Admitted)
	}
	for i := range maxVerdicts - rooms*(maxVerdictsOfRoom-1) {
		f.wantStanding(t, fmt.Sprint("one", i), "g@h", Denied)
	}
}

// TestVerdictsAllAlone: where every room has one, another room gets none, and is told so.
func TestVerdictsAllAlone(t *testing.T) {
	var state State
	for i := range maxVerdicts {
		state.Verdicts = append(state.Verdicts, Verdict{Room: room(fmt.Sprint("r", i)).JID, JID: "g@h", At: evening})
	}
	f := newFixture(t, state)
	f.Knock(room("new").JID, "alice@h", "", true)
	if _, err := f.Decide(t.Context(), Verdict{Room: room("new").JID, JID: "alice@h"}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
}

// TestVerdictsOfEarlierVersions: texts that no account is called are not taken over, and go from the state.
func TestVerdictsOfEarlierVersions(t *testing.T) {
	good := Verdict{Room: room("a").JID, JID: "alice@h", Admitted: true, At: evening}
	f := newFixture(t, State{Verdicts: []Verdict{good,
		{Room: room("a").JID, JID: strings.Repeat("x", 200_000), At: evening}, {Room: room("a").JID, JID: "b@h\x00c", At: evening},
		{Room: strings.Repeat("r", 4000) + "@" + muc, JID: "bob@h", At: evening}}})
	if f.verdicts.n != 1 || len(f.store.verdicts) != 1 {
		t.Errorf("%d verdicts, %d in the state", f.verdicts.n, len(f.store.verdicts))
	}
	f.wantStanding(t, "a", "alice@h", Admitted)
}

// TestBytesKept: what is refused leaves nothing behind, however much it was and however often.
func TestBytesKept(t *testing.T) {
	f := newFixture(t, State{})
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range 1500 {
		long := fmt.Sprint(i) + strings.Repeat("x", 200_000)
		_, _ = f.Decide(t.Context(), Verdict{Room: room("a").JID, JID: long + "@h", Admitted: true, By: "mod@h"})
		f.Knock(room("a").JID, long+"@h", "", true)
		f.Knock(long+"@"+muc, "alice@h", "", true)
		f.Knock(room("a").JID, "alice@h", long, true)
	}
	if kept := heap() - before; kept > 1<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	runtime.KeepAlive(f)
}

// TestKnockBytes: names of the greatest length do not add up beyond the bound, and a room that was started stays.
func TestKnockBytes(t *testing.T) {
	f := newFixture(t, State{})
	f.Knock(room("started").JID, "alice@h", "", true)
	for i := range 300 {
		for j := range 200 {
			f.Knock(fmt.Sprint(i, strings.Repeat("r", 1000), "@", muc), fmt.Sprint(j, strings.Repeat("g", 2000), "@h"), "", false)
		}
	}
	if f.knocks.bytes > knockBytes+jid.MaxJID {
		t.Errorf("%d bytes are kept", f.knocks.bytes)
	}
	if !f.Knocked(room("started").JID, "alice@h") {
		t.Error("who waits in a room that was started is forgotten")
	}
	f.now = f.now.Add(2 * knockLasts)
	f.Sweep(t.Context())
	if f.knocks.bytes != 0 || f.knocks.n != 0 {
		t.Errorf("%d bytes and %d knocks are left", f.knocks.bytes, f.knocks.n)
	}
}
