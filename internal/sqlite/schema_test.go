package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"usher/internal/sqlite"
	"usher/moderation"
)

// schema1 is a file as the first version of usher left it.
const schema1 = `
	CREATE TABLE grants (id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
	CREATE TABLE givens (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	CREATE TABLE rooms (jid TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
	CREATE TABLE revocations (token TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
	PRAGMA user_version = 1;
	INSERT INTO grants VALUES ('01000000000000000000000000000000', '{"ID":"01000000000000000000000000000000","Host":"h","Account":"alice","Random":false,"Issuer":"i","KeyID":"k","KeyPrint":"kp","TokenPrint":"t1","TokenID":"","Subject":"h","Rooms":["*"],"RoomRegex":false,"Moderator":true,"LobbyBypass":0,"RoomLobby":0,"Autostart":0,"LoggedIn":"2026-11-01T10:00:00.5Z","Used":"2026-11-01T10:00:00.5Z","Expires":"2027-01-15T09:00:00+01:00"}');
	INSERT INTO revocations VALUES ('t2', '{"TokenPrint":"t2","JID":"bob@h","Until":"2027-01-15T08:00:00Z"}');
	INSERT INTO revocations VALUES ('t3', '{"TokenPrint":"t3","JID":"eve@h","Until":"0001-01-01T00:00:00Z"}');`

func raw(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// TestSchema1: what the first version kept is kept, and who was revoked stays so.
func TestSchema1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	raw(t, path, schema1)
	for range 2 { // it is brought to the present schema once
		s := open(t, path)
		state, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(state.Sessions) != 1 || state.Sessions[0].Account != "alice" || !state.Sessions[0].Moderator {
			t.Errorf("sessions %+v", state.Sessions)
		}
		got := map[string]moderation.Revocation{}
		for _, v := range state.Revocations {
			if time.Since(v.At) > time.Hour {
				t.Errorf("of the moment %v", v.At)
			}
			v.At = time.Time{}
			got[v.TokenPrint] = v
		}
		want := map[string]moderation.Revocation{
			"t2": {TokenPrint: "t2", Expires: time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC), Accounts: []string{"bob@h"}},
			"t3": {TokenPrint: "t3", Accounts: []string{"eve@h"}},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("revocations %+v", got)
		}
		if lobby, err := s.LoadLobby(t.Context()); err != nil || len(lobby.Entries) != 0 { // its tables came later to schema 1
			t.Errorf("lobby %+v, %v", lobby, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNewerSchema: a file that this usher does not know whole is refused, as it
// is by the first version since schema 2, rather than read without what is new.
func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	var version int
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 2 {
		t.Errorf("version %d, %v: the first version would open it, and know nobody who is revoked", version, err)
	}
	raw(t, path, "PRAGMA user_version = 3")
	if s, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer usher") {
		t.Errorf("opened: %v, %v", s, err)
	}
}
