package moderation

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestStored: what is kept is written byte for byte as the first version wrote it, and read again as it was.
func TestStored(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 500_000_000, time.UTC)
	for _, row := range []struct {
		value any
		text  string
	}{
		{&Assignment{Room: "r@muc", JID: "a@h", Affiliation: Owner, Session: ID{1, 0xff}, At: at, Confirmed: true, Lobby: true, External: true, Overridden: true, End: EndRevoked},
			`{"Room":"r@muc","JID":"a@h","Affiliation":"owner","Grant":"01ff0000000000000000000000000000","At":"2026-11-01T10:00:00.5Z",` +
				`"Confirmed":true,"Lobby":true,"Foreign":true,"TakenAway":true,"End":"revoked"}`},
		{&Session{ID: ID{1}, Host: "h", Account: "a", User: "A", Random: true, Issuer: "i", KeyID: "k", KeyPrint: "kp", TokenPrint: "t1", TokenID: "j", Subject: "s", Rooms: []string{"*"},
			RoomRegex: true, Moderator: true, LobbyBypass: 1, RoomLobby: 2, Autostart: 1, LoggedIn: at, Used: at, Expires: at, IssuedAt: 7, Resumption: "r"},
			`{"ID":"01000000000000000000000000000000","Host":"h","Account":"a","User":"A","Random":true,"Issuer":"i","KeyID":"k","KeyPrint":"kp","TokenPrint":"t1",` +
				`"TokenID":"j","Subject":"s","Rooms":["*"],"RoomRegex":true,"Moderator":true,"LobbyBypass":1,"RoomLobby":2,"Autostart":1,` +
				`"LoggedIn":"2026-11-01T10:00:00.5Z","Used":"2026-11-01T10:00:00.5Z","Expires":"2026-11-01T10:00:00.5Z","IssuedAt":7,"Resumption":"r"}`},
		{&Session{}, `{"ID":"00000000000000000000000000000000","Host":"","Account":"","User":"","Random":false,"Issuer":"","KeyID":"","KeyPrint":"","TokenPrint":"",` +
			`"TokenID":"","Subject":"","Rooms":null,"RoomRegex":false,"Moderator":false,"LobbyBypass":0,"RoomLobby":0,"Autostart":0,` +
			`"LoggedIn":"0001-01-01T00:00:00Z","Used":"0001-01-01T00:00:00Z","Expires":"0001-01-01T00:00:00Z"}`},
		{&Room{JID: "r@muc", Started: true, Made: true, Joined: at, Began: 9, Lobby: On, MembersOnly: true},
			`{"JID":"r@muc","Started":true,"Made":true,"Joined":"2026-11-01T10:00:00.5Z","Began":9,"Lobby":"on","MembersOnly":true}`},
		{&Revocation{Host: "h", Issuer: "i", User: "u", TokenPrint: "t", At: at, Expires: at, Accounts: []string{"a@h"}},
			`{"Host":"h","Issuer":"i","User":"u","TokenPrint":"t","At":"2026-11-01T10:00:00.5Z","Expires":"2026-11-01T10:00:00.5Z","Accounts":["a@h"]}`},
	} {
		text, err := json.Marshal(row.value)
		if err != nil || string(text) != row.text {
			t.Errorf("written as %s, %v; want %s", text, err, row.text)
		}
		back := reflect.New(reflect.TypeOf(row.value).Elem()).Interface()
		if err := json.Unmarshal([]byte(row.text), back); err != nil || !reflect.DeepEqual(back, row.value) {
			t.Errorf("read as %+v, %v; want %+v", back, err, row.value)
		}
	}
}
