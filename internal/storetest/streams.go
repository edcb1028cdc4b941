package storetest

import (
	"bytes"
	"reflect"
	"testing"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/moderation/streams"
)

// resumable: streams are put, replaced and deleted, all changes or none.
func resumable(t *testing.T, s *subject) {
	apply := func(changes ...streams.Change) {
		t.Helper()
		if err := s.ApplyStreams(t.Context(), changes...); err != nil {
			t.Fatalf("applying: %v", err)
		}
	}
	person := streams.Stream{Print: "p1", Stream: relayauth.Stream{Host: "h", Account: "'; DROP TABLE streams; --",
		Principal: auth.PersonPrincipal("h", "i", "ünï"), TokenPrint: "t1"}}
	guest := streams.Stream{Print: "p2", Stream: relayauth.Stream{Host: "guest.h", Account: "g"}}
	gone := streams.Stream{Print: "p3", Stream: relayauth.Stream{Host: "h", Account: "b", Principal: auth.TokenPrincipal("t2")}}
	later := person
	later.TokenPrint = "t3"
	apply()
	apply(streams.Change{Put: &person}, streams.Change{Put: &guest}, streams.Change{Put: &gone})
	apply(streams.Change{Put: &later}, streams.Change{Delete: gone.Print})
	apply(streams.Change{Delete: gone.Print}) // what is not there is no error
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.ApplyStreams(t.Context(), streams.Change{Put: &person}) == nil {
		t.Error("a closed state took a change")
	}
	s.Store = s.open()
	got, err := s.LoadStreams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []streams.Stream{later, guest}
	if !s.Lasting {
		want = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, want)
	}
}

// secrets are made once, are of 32 bytes, and each name has another.
func secrets(t *testing.T, s *subject) {
	secret := func(name string) []byte {
		t.Helper()
		b, err := s.Secret(t.Context(), name)
		if err != nil || len(b) != 32 {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		return b
	}
	first := secret("swap")
	if other := secret("other"); bytes.Equal(first, other) || bytes.Equal(other, make([]byte, 32)) {
		t.Error("two names have one secret, or it is no secret")
	}
	first[0] ^= 1 // the caller's
	again := secret("swap")
	if first[0] ^= 1; !bytes.Equal(first, again) {
		t.Error("it was made twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Secret(t.Context(), "swap"); err == nil {
		t.Errorf("a closed state has a secret of %d bytes", len(b))
	}
	s.Store = s.open()
	if got := bytes.Equal(first, secret("swap")); got != s.Lasting {
		t.Errorf("after it was opened again it is the same: %v", got)
	}
}
