package sqlite_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
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
		state, err := moderationtest.Kept(t.Context(), s)
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
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 3 {
		t.Errorf("version %d, %v: the first version would open it, and know nobody who is revoked", version, err)
	}
	raw(t, path, "PRAGMA user_version = 4")
	if s, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer usher") {
		t.Errorf("opened: %v, %v", s, err)
	}
}

// schema2 is a file of the usher that knew principals and no streams.
const schema2 = `
	CREATE TABLE grants (id TEXT PRIMARY KEY, value TEXT NOT NULL, logged_in INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
	CREATE TABLE givens (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	CREATE TABLE rooms (jid TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
	CREATE TABLE revocations (host TEXT, issuer TEXT, user TEXT, token TEXT, value TEXT NOT NULL, PRIMARY KEY (host, issuer, user, token)) WITHOUT ROWID;
	CREATE TABLE lobby_entries (jid TEXT, room TEXT, value TEXT NOT NULL, PRIMARY KEY (jid, room)) WITHOUT ROWID;
	CREATE TABLE lobby_verdicts (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	PRAGMA user_version = 2;
	INSERT INTO revocations VALUES ('h', 'i', 'eve', '', '{"Host":"h","Issuer":"i","User":"eve","At":"2026-11-01T10:00:00Z"}');
	INSERT INTO lobby_entries VALUES ('bob@h', '', '{"jid":"bob@h"}');`

// TestSchema2: what was kept is kept, and streams and secrets have a place.
func TestSchema2(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	raw(t, path, schema2)
	var secret []byte
	for range 2 { // it is brought to the present schema once
		s := open(t, path)
		state, err := moderationtest.Kept(t.Context(), s)
		if err != nil || len(state.Revocations) != 1 || state.Revocations[0].User != "eve" {
			t.Errorf("%+v, %v", state, err)
		}
		if lists, err := s.LoadLobby(t.Context()); err != nil || len(lists.Entries) != 1 || lists.Entries[0].JID != "bob@h" {
			t.Errorf("lobby %+v, %v", lists, err)
		}
		if kept, err := s.LoadStreams(t.Context()); err != nil || len(kept) != 0 {
			t.Errorf("streams %+v, %v", kept, err)
		}
		switch got, err := s.Secret(t.Context(), "swap"); {
		case err != nil:
			t.Error(err)
		case secret != nil && !bytes.Equal(got, secret):
			t.Error("the secret is another")
		default:
			secret = got
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
