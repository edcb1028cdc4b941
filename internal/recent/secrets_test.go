package recent

import (
	"encoding/json"
	"strings"
	"testing"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/muc"
)

// TestNoTokenInName: who writes the token where the name belongs does not have it shown to whoever reads the decisions.
func TestNoTokenInName(t *testing.T) {
	const signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIiwiZXhwIjoxOTAwMDAwMDAwfQ." + signature
	d := NewDecisions(nil)
	d.Login(login("dovecot", token, refused(auth.ReasonMalformed)))
	d.Login(login("dovecot", token+"@"+host, refused(auth.ReasonMalformed)))
	d.Login(login("gateway", "a b="+token, refused(auth.ReasonMalformed)))
	nowhere := login("gateway", token, refused(auth.ReasonUnknownHost))
	nowhere.Host = ""
	d.Login(nowhere)
	for _, account := range []string{token + "@" + host, "a@" + host} {
		d.Join(muc.Decided{Door: "http", Account: account, Room: token + "@c", Decision: moderation.Refuse(moderation.ReasonLobby, "x")})
	}
	all, err := json.Marshal(d.List(Filter{}))
	if err != nil || strings.Contains(string(all), signature) {
		t.Errorf("%v: %s", err, all)
	}
	if list := d.List(Filter{Account: "a@" + host}); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	for _, name := range []string{"eyjafjallajokull.is", "grey.eyjolfur.jonsson-from-reykjavik", "keyboards-and-drums.example.com"} {
		if got := named(name); got != name {
			t.Errorf("%s is kept as %s", name, got)
		}
	}
}
