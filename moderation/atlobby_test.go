package moderation

import (
	"testing"

	"usher/auth"
	"usher/lobby"
)

// TestAtLobby is the truth table of the lobby: what becomes of a decision by what the lists say.
func TestAtLobby(t *testing.T) {
	token := func(moderator bool, bypass auth.Choice) Decision {
		a := Member
		if moderator {
			a = Owner
		}
		return Decision{Allowed: true, Reason: ReasonToken, Affiliation: a, Session: &Session{Moderator: moderator, LobbyBypass: bypass}}
	}
	guest := Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
	early, stranger, mismatch := Refuse(ReasonNotStarted, ""), Refuse(ReasonStranger, ""), Refuse(ReasonRoomMismatch, "")
	for _, row := range []struct {
		name    string
		d       Decision
		on      bool
		list    lobby.Standing
		started bool
		want    Reason
		members Affiliation // with members-only, if let in
		gate    Affiliation // with gate
		waits   bool
	}{
		{"moderator", token(true, auth.Unsaid), true, lobby.Unlisted, true, ReasonToken, Owner, Owner, false},
		{"moderator, denied", token(true, auth.Unsaid), true, lobby.Denied, true, ReasonToken, Owner, Owner, false},
		{"moderator, no bypass", token(true, auth.No), true, lobby.Unlisted, true, ReasonToken, Owner, Owner, false},
		{"token", token(false, auth.Unsaid), true, lobby.Unlisted, true, ReasonToken, Member, Member, false},
		{"token, bypass", token(false, auth.Yes), true, lobby.Unlisted, true, ReasonToken, Member, Member, false},
		{"token, no bypass", token(false, auth.No), true, lobby.Unlisted, true, ReasonLobby, "", "", true},
		{"token, no bypass, lobby off", token(false, auth.No), false, lobby.Unlisted, true, ReasonToken, Member, Member, false},
		{"token, no bypass, admitted", token(false, auth.No), true, lobby.Admitted, true, ReasonToken, Member, Member, false},
		{"token, denied", token(false, auth.Unsaid), true, lobby.Denied, true, ReasonLobbyDenied, "", "", false},
		{"token, denied, lobby off", token(false, auth.Unsaid), false, lobby.Denied, true, ReasonToken, Member, Member, false},
		{"guest", guest, true, lobby.Unlisted, true, ReasonLobby, "", "", true},
		{"guest, lobby off", guest, false, lobby.Unlisted, true, ReasonGuest, None, None, false},
		{"guest, admitted", guest, true, lobby.Admitted, true, ReasonAdmitted, Member, None, false},
		{"guest, listed", guest, true, lobby.ListedJID, true, ReasonWhitelist, Member, None, false},
		{"guest, domain listed", guest, true, lobby.ListedDomain, true, ReasonWhitelist, Member, None, false},
		{"guest, denied", guest, true, lobby.Denied, true, ReasonLobbyDenied, "", "", false},
		{"guest, denied, lobby off", guest, false, lobby.Denied, true, ReasonLobbyDenied, "", "", false},
		{"guest before anybody", early, true, lobby.Unlisted, false, ReasonNotStarted, "", "", false},
		{"guest before anybody, listed", early, true, lobby.ListedJID, false, ReasonNotStarted, "", "", false},
		{"stranger", stranger, true, lobby.Unlisted, true, ReasonStranger, "", "", false},
		{"stranger, listed", stranger, true, lobby.ListedJID, true, ReasonWhitelist, Member, None, false},
		{"stranger, listed, lobby off", stranger, false, lobby.ListedJID, true, ReasonWhitelist, None, None, false},
		{"stranger, listed, not started", stranger, true, lobby.ListedJID, false, ReasonWhitelist, Member, None, false},
		{"stranger, domain listed, not started", stranger, true, lobby.ListedDomain, false, ReasonStranger, "", "", false},
		{"wrong room, listed", mismatch, true, lobby.ListedJID, true, ReasonRoomMismatch, "", "", false},
		{"wrong room, admitted", mismatch, true, lobby.Admitted, true, ReasonRoomMismatch, "", "", false},
	} {
		for mode, affiliation := range map[lobby.Mode]Affiliation{lobby.MembersOnly: row.members, lobby.Gate: row.gate} {
			rules, err := lobby.NewRules(mode, nil)
			if err != nil {
				t.Fatal(err)
			}
			h := &Host{HostPolicy: HostPolicy{Lobby: rules, Others: Member}}
			d := atLobby(h.Lobby.Mode(), row.d, row.on, row.list, row.started)
			if d.Reason != row.want || d.Waits != row.waits || d.Allowed && d.Affiliation != affiliation || d.Allowed != (affiliation != "") {
				t.Errorf("%s, %s: %+v", row.name, mode, d)
			}
		}
	}
}

// TestLobbyByHand: behind a relay a lobby that usher knows nothing of lets in members, so those are made that pass.
func TestLobbyByHand(t *testing.T) {
	session := func(a Affiliation, bypass auth.Choice) Decision {
		return Decision{Allowed: true, Reason: ReasonToken, Affiliation: a, Session: &Session{LobbyBypass: bypass}}
	}
	guest := Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
	service := Decision{Allowed: true, Reason: ReasonServiceAccount, Affiliation: None}
	for _, row := range []struct {
		name   string
		d      Decision
		list   lobby.Standing
		reason Reason
		want   Affiliation
	}{
		{"token", session(Member, auth.Unsaid), lobby.Unlisted, ReasonToken, Member},
		{"moderator who waits elsewhere", session(Owner, auth.No), lobby.Unlisted, ReasonToken, Owner},
		{"waits", session(Member, auth.No), lobby.Unlisted, ReasonToken, None},
		{"waits, on the list", session(Member, auth.No), lobby.ListedJID, ReasonToken, Member},
		{"guest", guest, lobby.Unlisted, ReasonGuest, None},
		{"guest on the list", guest, lobby.ListedJID, ReasonWhitelist, Member},
		{"guest of a host on the list", guest, lobby.ListedDomain, ReasonWhitelist, Member},
		{"guest who was let in", guest, lobby.Admitted, ReasonAdmitted, Member},
		{"recorder", service, lobby.ListedJID, ReasonServiceAccount, None},
		{"early", Refuse(ReasonNotStarted, ""), lobby.ListedJID, ReasonNotStarted, None},
		{"wrong room", Refuse(ReasonRoomMismatch, ""), lobby.ListedJID, ReasonRoomMismatch, None},
	} {
		d := forLobbyByHand(row.d, row.list)
		if d.Reason != row.reason || d.Affiliation != row.want || d.Allowed != row.d.Allowed {
			t.Errorf("%s: %+v", row.name, d)
		}
	}
}

// FuzzAtLobby: whatever the lists say, the lobby lets nobody in whose token is for another room, and makes nobody owner.
func FuzzAtLobby(f *testing.F) {
	f.Add(uint8(0), uint8(0), true, true, int8(0))
	f.Fuzz(func(t *testing.T, reason, list uint8, on, started bool, bypass int8) {
		reasons := DenyReasons()
		d := Refuse(reasons[int(reason)%len(reasons)], "")
		rules, err := lobby.NewRules(lobby.MembersOnly, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := &Host{HostPolicy: HostPolicy{Lobby: rules, Others: Member}}
		got := atLobby(h.Lobby.Mode(), d, on, lobby.Standing(list%5), started)
		if got.Allowed && (d.Reason != ReasonStranger || !lobby.Standing(list%5).Passes()) || got.Affiliation == Owner {
			t.Errorf("%s with %d became %+v", d.Reason, list%5, got)
		}
		member := Decision{Allowed: true, Reason: ReasonToken, Affiliation: Member, Session: &Session{LobbyBypass: auth.Choice(bypass)}}
		if got := atLobby(h.Lobby.Mode(), member, on, lobby.Standing(list%5), started); got.Affiliation == Owner {
			t.Errorf("a member became %+v", got)
		}
	})
}
