package token

import (
	"encoding/json"
	"testing"
)

func TestAddClaims(t *testing.T) {
	for _, tc := range []struct {
		name string
		list claimList
		want string // "" for an error
	}{
		{"none", nil, `{"room":"*"}`},
		{"top level", claimList{`moderator=true`}, `{"moderator":true,"room":"*"}`},
		{"replaced", claimList{`room="standup"`}, `{"room":"standup"}`},
		{"path", claimList{`context.user.id="al"`, `context.user.affiliation="owner"`}, `{"context":{"user":{"affiliation":"owner","id":"al"}},"room":"*"}`},
		{"into JSON", claimList{`context={"a":1}`, `context.b=2`}, `{"context":{"a":1,"b":2},"room":"*"}`},
		{"equals sign in the value", claimList{`x="a=b,c"`}, `{"room":"*","x":"a=b,c"}`},
		{"number as written", claimList{`exp=12345678901234567890.50`}, `{"exp":12345678901234567890.50,"room":"*"}`},
		{"null", claimList{`exp=null`}, `{"exp":null,"room":"*"}`},
		{"no value", claimList{`room`}, ""},
		{"no JSON", claimList{`room=standup`}, ""},
		{"two values", claimList{`room=1 2`}, ""},
		{"no name", claimList{`=1`}, ""},
		{"empty name", claimList{`a..b=1`}, ""},
		{"through a string", claimList{`room.name=1`}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			claims := map[string]any{"room": "*"}
			err := addClaims(claims, tc.list)
			if (err == nil) != (tc.want != "") {
				t.Fatalf("error %v", err)
			}
			if got, _ := json.Marshal(claims); err == nil && string(got) != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
