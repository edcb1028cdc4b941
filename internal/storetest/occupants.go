package storetest

import (
	"reflect"
	"testing"

	"usher/moderation/occupancy"
)

// occupants are put, replaced and deleted, whatever is in their names.
func occupants(t *testing.T, s *subject) {
	apply := func(changes ...occupancy.Change) {
		t.Helper()
		if err := s.ApplyOccupants(t.Context(), changes...); err != nil {
			t.Fatalf("applying: %v", err)
		}
	}
	alice := occupancy.Occupant{Room: "'; DROP TABLE occupants; --@c", JID: "a@h"}
	starts, bob := alice, alice
	starts.Starts, bob.JID = true, "b@h"
	apply(occupancy.Change{Put: &alice}, occupancy.Change{Put: &bob})
	apply(occupancy.Change{Put: &starts}, occupancy.Change{Delete: &occupancy.Key{Room: bob.Room, JID: bob.JID}})
	apply(occupancy.Change{Delete: &occupancy.Key{Room: bob.Room, JID: bob.JID}}) // what is not there is no error
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.ApplyOccupants(t.Context(), occupancy.Change{Put: &alice}) == nil {
		t.Error("a closed state took a change")
	}
	s.Store = s.open()
	got, err := s.LoadOccupants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []occupancy.Occupant{starts}
	if !s.Lasting {
		want = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, want)
	}
}
