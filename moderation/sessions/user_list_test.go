package sessions_test

import (
	"slices"
	"testing"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestUserOnWhitelist: a user passes by whatever account Prosody draws, in any letter case; nobody else does, and not an
// account that is called like the entry.
func TestUserOnWhitelist(t *testing.T) {
	f := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Lobby: true})}
	h := moderation.HostPolicy{Host: host, MUC: []string{conference}, Relay: true, Prefixes: map[string]string{"my-app": ""}}
	f.Reload(t.Context(), f.Policy(t, h))
	f.Login(t, bound(f, "", "a1", "Alice@Example.com", "t1"))
	f.Login(t, bound(f, "", "b1", "bob", "t2"))
	if err := f.Lobby.Allow(t.Context(), lobby.Entry{JID: lobby.User("alice@example.com"), Room: "board-*"}); err != nil {
		t.Fatal(err)
	}
	for jid, rooms := range map[string]map[string]lobby.Standing{
		"a1@" + host:             {"board-1": lobby.ListedJID, "standup": lobby.Unlisted},
		"b1@" + host:             {"board-1": lobby.Unlisted},
		"alice@example.com":      {"board-1": lobby.Unlisted},
		"x@" + lobby.User("bob"): {"board-1": lobby.Unlisted},
	} {
		for room, want := range rooms {
			name, err := moderation.ParseRoom(room + "@" + conference)
			if err != nil {
				t.Fatal(err)
			}
			if v := f.View(f.Sessions.Policy().Host(host), jid, name); v.Listed != want {
				t.Errorf("%s at %s: %v, want %v", jid, room, v.Listed, want)
			}
			if m := f.Lobby.Members(name.ForLobby(), 10); len(m) != 0 {
				t.Errorf("members are %q", m)
			}
		}
	}
	if got := f.AccountsOf("ALICE@example.com"); !slices.Equal(got, []string{"a1@" + host}) {
		t.Errorf("accounts %q", got)
	}
	if e := (lobby.Entry{JID: lobby.User("bob")}); e.IsDomain() || !e.IsUser() {
		t.Error("a user is a domain")
	}
}
