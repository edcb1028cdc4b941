package e2e

import (
	"errors"
	"fmt"
	"testing"

	"usher/e2e/client"
)

// TestRoomsNames: a token opens the room that Prosody calls as the token does, and none that its name would be after
// percent-decoding, folding or dropping letters. Each room is running, and who comes by a wrong name is nothing to it.
func TestRoomsNames(t *testing.T) {
	eachRooms(t, roomsOptions{host: "    tokens: {subject: any}\n"}, func(t *testing.T, w *roomsWorld) {
		for i, row := range []struct{ room, right, wrong string }{
			{"stra%c3%9fe", "Straße", "strasse"},
			{"%73tandup", "%73tandup", "standup"},
			{"co%c2%adop", "co\u00adop", "coop"},
			{"standup", "Standup", "%73tandup"},
			{"r%c3%a4k", "R%C3%A4k", "rak"},
			{"räk", "Ra\u0308k", "r%c3%a4k"},
			{"team%20%f0%9f%9a%80", "Team 🚀", "team"},
			{"%d7%a9%d7%9c%d7%95%d7%9d1", "שלום1", "שלום"},
			{"2%d8%ba%d8%b1%d9%81%d8%a9", "2غرفة", "2"},
			{"%ea%99%ae", "ꙮ", "%ea"},
		} {
			owner := w.enter(t, fmt.Sprint("alice", i), row.right, moderator)
			owner.joinAs(room(row.room), "moderator/owner")
			mark := w.usher.mark(t)
			w.enter(t, fmt.Sprint("eve", i), row.wrong, moderator).refused(room(row.room), "not-authorized")
			w.usher.await(t, mark, "reason=room_mismatch")
			_ = owner.Close()
		}
		mark := w.usher.mark(t)
		w.enter(t, "fred", "ｓｔａｎｄｕｐ", moderator).refused(room("standup"), "not-authorized")
		w.usher.await(t, mark, "reason=room_spelling")
	})
}

// TestRoomsTenantNames: a tenant is a label of a domain, and no other is opened by what it folds to; "*" opens every room of
// the token's tenant, whatever its name, and none of another.
func TestRoomsTenantNames(t *testing.T) {
	eachRooms(t, roomsOptions{host: "    tokens: {subject: tenant}\n"}, func(t *testing.T, w *roomsWorld) {
		right := w.enter(t, "alice", "*", map[string]any{"sub": "stra%c3%9fe", "moderator": true})
		right.joinAs(room("[stra%c3%9fe]board"), "moderator/owner")
		eve := w.enter(t, "eve", "*", map[string]any{"sub": "strasse", "moderator": true})
		eve.refused(room("[stra%c3%9fe]board"), "not-authorized")
		eve.joinAs(room("[strasse]%d7%a9%d7%9c%d7%95%d7%9d1"), "moderator/owner")
		eve.joinAs(room("[strasse]%f0%9f%9a%80"), "moderator/owner")
		w.enter(t, "fred", "*", map[string]any{"sub": "Straße"}).refused(room("[strasse]board"), "not-authorized")
	})
}

// mapped has Jitsi's mapper for the users of both hosts.
func mapped(o roomsOptions) roomsOptions {
	o.global += "VirtualHost \"" + meet + "\"\nmodules_enabled = { \"mapper_standin\" }\nVirtualHost \"" + guests + "\"\nmodules_enabled = { \"mapper_standin\" }\n"
	return o
}

// ofTenant is a tenant's room as the page addresses it.
func ofTenant(tenant, name string) string { return name + "@conference." + tenant + "." + meet }

// TestGatewayTenants: links with a tenant make a moderator of who has one in the first presence, in a room that the link
// makes and in one that is running; and no token enters another tenant's room.
func TestGatewayTenants(t *testing.T) {
	o := gatewayOptions()
	o.host = "    tokens: {subject: tenant}\n"
	eachGateway(t, mapped(o), func(t *testing.T, w *roomsWorld) {
		for _, by := range transports() {
			r := ofTenant("acme", "board-"+by.name)
			follow := func(account, sub string, claim any, more map[string]any) *person {
				c := claims(account, claim, more)
				c["sub"] = sub
				return w.follow(t, meet, by.via(w, query(token(t, meet, c), "board-"+by.name)))
			}
			alice := follow("alice", "acme", "*", moderator) // makes it
			if got := alice.join(r); got != "moderator/owner" {
				t.Errorf("%s: who makes it has the first presence %s", by.name, got)
			}
			for _, c := range []struct {
				account, sub string
				claim        any
				more         map[string]any
				want         string
			}{
				{"bob", "Acme", "*", moderator, "moderator/owner"},
				{"carol", "acme", "board-" + by.name, moderator, "moderator/owner"},
				{"dora", "*", "[acme]board-" + by.name, moderator, "moderator/owner"},
				{"erik", "acme", "*", nil, "participant/member"},
			} {
				p := follow(c.account, c.sub, c.claim, c.more)
				if got := p.join(r); got != c.want {
					t.Errorf("%s: %s has the first presence %s, want %s", by.name, c.account, got, c.want)
				}
				defer p.unchanged(r)
			}
			follow("mallory", "other", "*", moderator).refused(r, "not-authorized")
			follow("oscar", meet, "*", moderator).refused(r, "not-authorized")
		}
	})
}

// TestGatewayTenantLobby: a pattern of the lobby holds in every tenant.
func TestGatewayTenantLobby(t *testing.T) {
	o := gatewayOptions()
	o.host = "    tokens: {subject: tenant}\n    lobby: {rooms: {\"*\": off, \"board-*\": on, \"[open]board-*\": off}, enforce: members-only}\n"
	eachGateway(t, mapped(o), func(t *testing.T, w *roomsWorld) {
		guest := w.follow(t, guests, byWebSocket(w, query("", "board-1")))
		for tenant, waits := range map[string]bool{"acme": true, "open": false} {
			c := claims("alice", "*", moderator)
			c["sub"] = tenant
			moderator := w.follow(t, meet, byWebSocket(w, query(token(t, meet, c), "board-1")))
			moderator.join(ofTenant(tenant, "board-1"))
			_, err := guest.Join(within(t), ofTenant(tenant, "board-1"), "guest")
			refused, isRefused := errors.AsType[*client.StanzaError](err)
			if isRefused != waits || waits && refused.Condition != "registration-required" {
				t.Errorf("of %s: a guest is answered %v\n%s", tenant, err, w.usher.log())
			}
		}
	})
}
