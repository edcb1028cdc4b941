package gateway

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// mapped has Jitsi's mapper for the users of both hosts.
func mapped(o world.Options) world.Options {
	for _, host := range []string{world.Meet, world.Guests} {
		o.Global += "VirtualHost \"" + host + "\"\nmodules_enabled = { \"muc_domain_mapper\" }\n"
	}
	return o
}

// ofTenant is a tenant's room as the page addresses it.
func ofTenant(tenant, name string) string { return name + "@conference." + tenant + "." + world.Meet }

// TestGatewayTenants: links with a tenant make a moderator of who has one in the first presence, in a room that the
// link makes and in one that is running; and no token enters another tenant's room.
func TestGatewayTenants(t *testing.T) {
	o := options()
	o.Host = "    tokens: {subject: tenant}\n"
	each(t, mapped(o), func(t *testing.T, w *site) {
		for _, by := range transports() {
			r := ofTenant("acme", "board-"+by.name)
			follow := func(account, sub string, claim any, more map[string]any) *world.Person {
				c := tokens.Claims(account, claim, more)
				c["sub"] = sub
				return w.follow(t, world.Meet, by.via(w, query(tokens.Sign(t, world.Meet, c), "board-"+by.name)))
			}
			alice := follow("alice", "acme", "*", tokens.Moderator()) // makes it
			if got := alice.Joins(r); got != "moderator/owner" {
				t.Errorf("%s: who makes it has the first presence %s", by.name, got)
			}
			for _, c := range []struct {
				account, sub string
				claim        any
				more         map[string]any
				want         string
			}{
				{"bob", "Acme", "*", tokens.Moderator(), "moderator/owner"},
				{"carol", "acme", "board-" + by.name, tokens.Moderator(), "moderator/owner"},
				{"dora", "*", "[acme]board-" + by.name, tokens.Moderator(), "moderator/owner"},
				{"erik", "acme", "*", nil, "participant/member"},
			} {
				p := follow(c.account, c.sub, c.claim, c.more)
				if got := p.Joins(r); got != c.want {
					t.Errorf("%s: %s has the first presence %s, want %s", by.name, c.account, got, c.want)
				}
				defer unchanged(t, p, r)
			}
			follow("mallory", "other", "*", tokens.Moderator()).IsRefused(r, "not-allowed")
			follow("oscar", world.Meet, "*", tokens.Moderator()).IsRefused(r, "not-allowed")
		}
	})
}

// TestGatewayTenantLobby: a pattern of the lobby holds in every tenant.
func TestGatewayTenantLobby(t *testing.T) {
	o := options()
	o.Host = "    tokens: {subject: tenant}\n" +
		"    lobby: {rooms: {\"*\": off, \"board-*\": on, \"[open]board-*\": off}, enforce: members-only}\n"
	each(t, mapped(o), func(t *testing.T, w *site) {
		guest := w.follow(t, world.Guests, byWebSocket(w, query("", "board-1")))
		for tenant, waits := range map[string]bool{"acme": true, "open": false} {
			c := tokens.Claims("alice", "*", tokens.Moderator())
			c["sub"] = tenant
			moderator := w.follow(t, world.Meet, byWebSocket(w, query(tokens.Sign(t, world.Meet, c), "board-1")))
			moderator.Joins(ofTenant(tenant, "board-1"))
			if waits {
				guest.IsRefused(ofTenant(tenant, "board-1"), "registration-required")
			} else if got := guest.Joins(ofTenant(tenant, "board-1")); got != "participant/none" {
				t.Errorf("of %s: the guest is %s", tenant, got)
			}
		}
	})
}
