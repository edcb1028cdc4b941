package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/internal/sqlite"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
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
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
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
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 4 {
		t.Errorf("version %d, %v: the first version would open it, and know nobody who is revoked", version, err)
	}
	raw(t, path, "PRAGMA user_version = 5")
	if s, err := sqlite.Open(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "newer usher") {
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

// TestSchema3: a file as the last version without a journal left it. It was made by that.
func TestSchema3(t *testing.T) {
	b, err := os.ReadFile("testdata/schema3.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var secret []byte
	for range 2 { // it is brought to the present schema once
		s := open(t, path)
		state, err := moderationtest.Kept(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(state.Revocations, func(v, w moderation.Revocation) int { return strings.Compare(v.Host, w.Host) })
		slices.SortFunc(state.Rooms, func(v, w moderation.Room) int { return strings.Compare(v.JID, w.JID) })
		if want := keptIn3(); !reflect.DeepEqual(state, want) {
			t.Errorf("kept\n%+v\nwant\n%+v", state, want)
		}
		lists, err := s.LoadLobby(t.Context())
		if want := (lobby.State{
			Entries:  []lobby.Entry{{JID: "bob@example.com", Room: "board-*", Until: at(9), Note: "ünï"}},
			Verdicts: []lobby.Verdict{{Room: "r@c", JID: "a@h", Admitted: true, By: "m@h", At: at(10)}},
		}); err != nil || !reflect.DeepEqual(lists, want) {
			t.Errorf("lobby %+v, %v", lists, err)
		}
		kept, err := s.LoadStreams(t.Context())
		if want := []streams.Stream{{Print: "p1", Stream: relayauth.Stream{Host: "h", Account: "a",
			Principal: auth.PersonPrincipal("h", "i", "Ünï"), TokenPrint: "t1", Rights: "r", Demoted: true}}}; err != nil ||
			!reflect.DeepEqual(kept, want) {
			t.Errorf("streams %+v, %v", kept, err)
		}
		seen, err := s.LoadOccupants(t.Context())
		if want := []occupancy.Occupant{{Room: "r@c", JID: "a@h", Starts: true}}; err != nil ||
			!reflect.DeepEqual(seen, want) {
			t.Errorf("occupants %+v, %v", seen, err)
		}
		got, err := s.Secret(t.Context(), "streams")
		if err != nil || secret != nil && !bytes.Equal(got, secret) {
			t.Errorf("secret %x, %v", got, err)
		}
		secret = got
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func at(seconds int64) time.Time { return time.Unix(seconds, 123456789).UTC() }

// keptIn3 is what the file of schema 3 has.
func keptIn3() moderationtest.State {
	full := moderation.Session{ID: moderation.ID{1}, Host: "meet.example.com", Account: "alice", User: "Alice",
		Issuer: "my-app", KeyID: "k1", KeyPrint: "00112233445566778899aabbccddeeff", TokenPrint: "t1", TokenID: "jti",
		Subject: "tenant", Rooms: []string{"standup", "*"}, RoomRegex: true, Moderator: true, LobbyBypass: auth.Yes,
		RoomLobby: auth.No, Autostart: auth.Yes, LoggedIn: at(1), Used: at(2), Expires: at(98753496345), IssuedAt: 1,
		Domain: "guest.meet.example.com", DisplayID: "u-1", DisplayName: "Alice Ünï"}
	guest := moderation.Session{ID: moderation.ID{2}, Host: "meet.example.com", Account: "rnd", Random: true,
		Anonymous: true, LoggedIn: at(3), Used: at(3), Rooms: []string{}, Resumption: "00ff"}
	return moderationtest.State{
		Sessions: []moderation.Session{guest, full, {ID: moderation.ID{3}}},
		Assignments: []moderation.Assignment{{Room: "r@conference.meet.example.com", JID: "alice@meet.example.com",
			Affiliation: moderation.Owner, Session: full.ID, At: at(4), Confirmed: true, Lobby: true, External: true,
			Overridden: true, End: moderation.EndRevoked}},
		Rooms: []moderation.Room{{JID: "old@c", Started: true}, {JID: "r@conference.meet.example.com", Started: true,
			Made: true, Joined: at(5), Began: 1 << 60, Lobby: moderation.On, MembersOnly: true}},
		Revocations: []moderation.Revocation{{TokenPrint: "t9", At: at(7), Expires: at(8)},
			{Host: "h", Issuer: "i", User: "Eve", At: at(6), Accounts: []string{"eve@h"}}},
	}
}
