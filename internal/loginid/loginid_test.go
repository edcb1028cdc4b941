package loginid_test

import (
	"encoding/json"
	"testing"

	"usher/internal/loginid"
)

func TestTwoLogins(t *testing.T) {
	seen := map[loginid.ID]bool{}
	for range 10_000 {
		id := loginid.New()
		if id == 0 || seen[id] || len(id.String()) != 8 {
			t.Fatalf("%d (%s) after %d", uint64(id), id, len(seen))
		}
		seen[id] = true
	}
}

func TestNone(t *testing.T) {
	if text := loginid.ID(0).String(); text != "" {
		t.Errorf("no login is called %q", text)
	}
	if id, err := loginid.Parse(""); id != 0 || err != nil {
		t.Errorf("%v, %v", id, err)
	}
}

// FuzzParse: what is read is written again alike, but for the case of its letters, and nothing else is read.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "00000001", "zzzzzzzz", "ABCDEFGH", "iiiiiiii", "123", "é2345678"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := loginid.Parse(s)
		if err != nil {
			if id != 0 {
				t.Errorf("%q: %v and an error", s, id)
			}
			return
		}
		again, err := loginid.Parse(id.String())
		if err != nil || again != id {
			t.Errorf("%q: %q, %v", s, id, err)
		}
		b, err := json.Marshal(id)
		var back loginid.ID
		if err != nil || json.Unmarshal(b, &back) != nil || back != id {
			t.Errorf("%q: %s, %v", s, b, err)
		}
	})
}
