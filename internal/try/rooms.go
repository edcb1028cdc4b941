package try

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"usher/internal/jid"
	"usher/internal/try/client"
)

// A visit is the join.
type visit struct {
	*entry
	room     string // the bare JID; empty: none was joined
	occupant client.Occupant
}

// sessionSeen asks the daemon whether it has let the account in.
func (t *visit) sessionSeen(ctx context.Context) result {
	asks := func(d *decision) bool { return t.relay() || d.Door != "gateway" } // which then has Prosody ask at another
	d, found := t.decided(ctx, func(d *decision) bool { return d.About == "login" && d.Allowed() && asks(d) })
	switch {
	case found:
		return passed("usher has let it in, at the door %s", d.Door)
	case t.unsure() != "":
		return unknown(t.unsure())
	default:
		return failed("usher prosody prints the lines of "+t.hostLine()+"; restart Prosody then",
			"usher did not let %s in: Prosody did so without asking", t.bound)
	}
}

// rooms says where the rooms are.
func (t *visit) rooms(ctx context.Context) result {
	if mucs := t.policy().MUC; len(mucs) > 0 {
		local := t.roomName()
		if s, err := jid.Spell(local); err == nil {
			local = cmp.Or(s.Plain, s.Encoded)
		}
		t.address = local + "@" + mucs[0]
		return result{}
	}
	if domain := t.chats(ctx); domain != "" {
		return failed("write muc: ["+domain+"] under "+t.ourLine()+", and usher reload",
			"Prosody has rooms at %s, and usher knows of none: nobody becomes moderator", domain)
	}
	if t.Room != "" {
		return failed("name Prosody's Component with rooms as muc of "+t.ourLine()+", and usher reload",
			"there are no rooms")
	}
	return passed("there are none")
}

// chats finds a component with rooms beside the host (XEP-0030).
func (t *visit) chats(ctx context.Context) string {
	items, err := t.stream.Ask(ctx, "get", t.Host, "<query xmlns='http://jabber.org/protocol/disco#items'/>")
	if err != nil {
		return ""
	}
	found := ""
	for _, item := range items.Items[:min(len(items.Items), 20)] {
		info, err := t.stream.Ask(ctx, "get", item, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
		rooms := err == nil && slices.Contains(info.Identities, "conference/text")
		if rooms && (found == "" || item == "conference."+t.Host) {
			found = item
		}
	}
	return found
}

// there tells whether Prosody has a component. One that says nothing of itself is taken for there.
func (t *visit) there(ctx context.Context, domain string) bool {
	_, err := t.stream.Ask(ctx, "get", domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
	of, refused := errors.AsType[*client.StanzaError](err)
	return !refused || of.Condition == "forbidden"
}

// conferenceAgain is how long to wait with a room that Jitsi's focus has not made yet.
const conferenceAgain = 500 * time.Millisecond

// conference has Jitsi's focus make the room, as Jitsi's page does before it joins.
func (t *visit) conference(ctx context.Context) result {
	if !t.relay() || t.address == "" {
		return result{}
	}
	focus := "focus." + t.Host
	for {
		answer, err := t.stream.Ask(ctx, "set", focus, "<conference xmlns='http://jitsi.org/protocol/focus' room='"+
			escaped(t.address)+"' machine-uid='usher-try'/>")
		switch of, _ := errors.AsType[*client.StanzaError](err); {
		case of != nil && of.Condition == "not-authorized":
			return failed("switch jicofo's own authentication off (docs/jitsi.md)",
				"jicofo does not take the login: %v", err)
		case err != nil:
			return failed("systemctl status jicofo; its component is focus."+t.Host, "jicofo makes no room: %v", err)
		case answer.Ready == "true":
			return passed("jicofo has made the room")
		}
		select {
		case <-ctx.Done():
			return failed("look at jicofo's log", "jicofo does not get the room ready")
		case <-time.After(conferenceAgain):
		}
	}
}

// join joins the room.
func (t *visit) join(ctx context.Context) result {
	if t.address == "" {
		return result{}
	}
	t.acts()
	o, err := t.stream.Join(ctx, t.address, t.name)
	if err == nil {
		t.room, t.occupant = t.address, o
		made := ""
		if o.Created {
			made = ", which did not exist"
		}
		return passed("into %s%s", t.room, made)
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return !d.login() && !d.Allowed() }); found {
		return failed(d.mend(), "usher refused it: %s", d.why())
	}
	return t.refusedJoin(ctx, err)
}

// refusedJoin says why a join failed of which usher decided nothing.
func (t *visit) refusedJoin(ctx context.Context, err error) result {
	_, domain, _ := strings.Cut(t.address, "@")
	if _, found := t.decided(ctx, func(d *decision) bool { return d.About == "join" && d.Allowed() }); found {
		return failed("look at the room's own settings (a lobby, a password, a limit) and at Prosody's log",
			"usher let it into %s, and the room did not: %v", t.address, err)
	}
	of, _ := errors.AsType[*client.StanzaError](err)
	switch {
	case of == nil:
		return failed("look at Prosody's log; a room that answers nobody has mod_muc_rate_limit beside mod_muc_http_auth",
			"no answer from %s: %v", t.address, err)
	case !t.there(ctx, domain):
		return failed("compare muc of "+t.ourLine()+" with the Component lines of Prosody's configuration"+
			t.Folders.prosodyPlace(`^Component\s.*"muc"`)+", and restart Prosody", "Prosody has no rooms at %s: %v", domain, err)
	case !t.relay() && t.unsure() == "":
		return failed("see that "+t.componentLine(domain)+" asks at listen.http, with the secret of http_secret_file: "+
			"usher prosody prints the lines. Restart Prosody then, which reads the secret at its start, as a member "+
			"of usher's group",
			"Prosody refused it, without an answer of usher's: %v", err)
	}
	return failed("look at Prosody's log", "Prosody refused it: %v", err)
}

// role compares what the occupant is with what the token says.
func (t *visit) role(ctx context.Context) result {
	want := t.known.Affiliation
	switch {
	case t.room == "":
		return result{}
	case want == "" || t.occupant.Affiliation == want:
		return passed("%s", t.occupant)
	case t.relay() && want == "member" && t.occupant.Affiliation == "none":
		return passed("%s", t.occupant) // token_affiliation may be missing
	}
	if o, err := t.stream.Become(ctx, t.room, want); err == nil { // a moment later, by the component
		return passed("%s, after the join", o)
	}
	_, domain, _ := strings.Cut(t.room, "@")
	mend := "have usher's component connected, and its address among the admins of " + t.componentLine(domain) +
		", with component_admins_as_room_owners = true: usher prosody prints the lines"
	return failed(mend, "%s, where the token makes %s", t.occupant, article(want))
}

// joinAsked says whether usher was asked about the join.
func (t *visit) joinAsked(ctx context.Context) result {
	return t.asked(ctx, "join", "mod_muc_http_auth", "anybody joins any room")
}

// roomAsked says whether usher was asked about the room, if it was made for this join.
func (t *visit) roomAsked(ctx context.Context) result {
	if t.relay() || !t.occupant.Created {
		return result{}
	}
	return t.asked(ctx, "room", "mod_muc_http_defaults", "the first to join owns the room")
}

func (t *visit) asked(ctx context.Context, about, module, danger string) result {
	if t.room == "" {
		return result{}
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return string(d.About) == about }); found {
		return passed("usher was asked, at the door %s", d.Door)
	}
	if why := t.unsure(); why != "" {
		return unknown(why)
	}
	if t.relay() {
		return failed("keep Prosody's ports from everybody but usher", "usher did not see the join").beside()
	}
	_, domain, _ := strings.Cut(t.room, "@")
	return failed(t.moduleMend(module, t.componentLine(domain)), "usher was not asked: %s", danger).beside()
}
