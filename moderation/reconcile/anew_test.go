package reconcile_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestAnewWhileForgotten: a room that begins anew in the very moment in which the former of its name is deleted from the
// state stays there: after a restart its guests do not wait.
func TestAnewWhileForgotten(t *testing.T) {
	const room = "standup@" + conference
	for name, forget := range map[string]func(*testing.T, *fixture){
		"made place": func(t *testing.T, f *fixture) {
			for i := range 200 {
				f.Join(t.Context(), "alice@"+host, time.Duration(i).String()+"@"+conference, "a")
			}
			f.Sweep(t.Context())
		},
		"nobody is left": func(t *testing.T, f *fixture) {
			r := newRooms(t, moderationtest.InOrder, time.Millisecond)
			r.Fail(moderation.ErrNoRoom)
			defer f.Act(t, r)()
			f.Pass(time.Minute)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newSmallFixture(t, moderationtest.State{}, 500)
				f.Login(t, f.Identity("alice", "t", "*"))
				kept, deleted := map[string]moderation.Room{}, 0
				f.Store.Log(func(c sessions.Change) {
					switch {
					case c.PutRoom != nil:
						kept[c.PutRoom.JID] = *c.PutRoom
					case c.DeleteRoom != nil:
						if deleted++; deleted == 1 { // before the store does it
							f.Join(t.Context(), "alice@"+host, c.DeleteRoom.JID, "a")
						}
						if kept[c.DeleteRoom.JID].Began == c.DeleteRoom.Began {
							delete(kept, c.DeleteRoom.JID)
						}
					}
				})
				f.Join(t.Context(), "alice@"+host, room, "a")
				forget(t, f)
				lost := 0
				for _, known := range f.Rooms().Known() {
					if !kept[known].Started {
						lost++
					}
				}
				if lost > 0 || deleted == 0 {
					t.Errorf("%d rooms are not in the state, %d were deleted", lost, deleted)
				}
			})
		})
	}
}
