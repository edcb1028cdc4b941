package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/recent"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

// maxImport bounds what usher lobby import sends, in bytes: a full whitelist, unless most of it is names of hundreds of
// letters.
const maxImport = 16 << 20

// A LobbyAnswer is that of every change of the lobby.
type LobbyAnswer struct {
	Problem string `json:"problem,omitempty"`
	Warning string `json:"warning,omitempty"`
	Room    string `json:"room,omitempty"` // of an entry: its pattern; empty: every room
	JID     string `json:"jid,omitempty"`  // whom the change is about
	Added   int    `json:"added,omitempty"`
	Removed int    `json:"removed,omitempty"`
	Cluster *Reach `json:"cluster,omitempty"` // which other ushers have it
}

// lobby answers usher lobby.
func (s *server) lobby(m *routes) {
	m.ask("GET /lobby", s.kept(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Whitelist.List()) }))
	m.ask("GET /lobby/knocks", s.kept(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, s.Whitelist.Knocks(""))
	}))
	for _, c := range []struct {
		path, command string
		do            func(*http.Request, *recent.Change) (LobbyAnswer, error)
	}{
		{"/lobby/allow", "lobby allow", s.allow},
		{"/lobby/remove", "lobby remove", s.remove},
		{"/lobby/import", "lobby import", s.importAudited},
		{"/lobby/decide", "lobby deny", s.decide},
	} {
		m.change("POST "+c.path, c.command, s.loaded(func(r *http.Request, change *recent.Change) (any, error) {
			answer, err := c.do(r, change)
			if err != nil {
				answer.Problem = err.Error()
				change.Done, change.Why = errors.Is(err, moderation.ErrNotYet), answer.Problem
				return answer, nil
			}
			answer.Cluster = s.reach(r.Context(), c.path == "/lobby/decide")
			return answer, nil
		}))
	}
}

func (s *server) allow(r *http.Request, c *recent.Change) (LobbyAnswer, error) {
	e, err := entryOf(r, s.Now())
	c.Target = e.String()
	if err == nil {
		err = s.checkComponent(e)
	}
	if err != nil {
		return LobbyAnswer{}, err
	}
	return LobbyAnswer{Warning: s.domainWarning(e), Room: e.Room, JID: e.JID}, s.Whitelist.Allow(r.Context(), e)
}

func (s *server) remove(r *http.Request, c *recent.Change) (LobbyAnswer, error) {
	e, err := entryOf(r, s.Now())
	c.Target = e.String()
	if err != nil {
		return LobbyAnswer{}, err
	}
	return LobbyAnswer{Room: e.Room, JID: e.JID}, s.Whitelist.Remove(r.Context(), e.Key())
}

// decide admits somebody who waits, or denies.
func (s *server) decide(r *http.Request, c *recent.Change) (LobbyAnswer, error) {
	q := r.URL.Query()
	admit := q.Get("admit") == "true"
	if admit {
		c.Command = "lobby admit"
	}
	c.Target = q.Get("room") + " " + cmp.Or(q.Get("jid"), "--id "+q.Get("id"))
	room, err := s.Commands.FindRoom(q.Get("room"))
	if err != nil {
		return LobbyAnswer{}, fmt.Errorf("room %q: %w", text.Clip(q.Get("room")), err)
	}
	if q.Has("id") {
		return s.decideKnock(r.Context(), c, room, q.Get("id"), admit)
	}
	account, err := jid.Prepare(q.Get("jid"))
	if err != nil {
		return LobbyAnswer{}, err
	}
	c.Target = room + " " + account
	return LobbyAnswer{Room: room, JID: account},
		s.Commands.Decide(r.Context(), lobby.Verdict{Room: room, JID: account, Admitted: admit})
}

// decideKnock decides about one wait, whoever's it is.
func (s *server) decideKnock(ctx context.Context, c *recent.Change, room, id string, admit bool) (LobbyAnswer, error) {
	c.Target = room + " --id " + id
	account, err := s.Commands.DecideKnock(ctx, room, id, admit)
	if account != "" {
		c.Target = room + " " + account
	}
	return LobbyAnswer{Room: room, JID: account}, err
}

func (s *server) importAudited(r *http.Request, c *recent.Change) (LobbyAnswer, error) {
	answer, err := s.importLobby(r)
	c.Target = fmt.Sprintf("%d added, %d removed", answer.Added, answer.Removed)
	return answer, err
}

func entryOf(r *http.Request, now time.Time) (lobby.Entry, error) {
	q := r.URL.Query()
	e := lobby.Entry{Room: q.Get("room"), Note: strings.TrimSpace(q.Get("note"))}
	var err error
	if user := q.Get("user"); user != "" {
		e.JID = lobby.User(folded(user))
	} else if e.JID, err = jid.Prepare(q.Get("jid")); err != nil {
		return e, err
	}
	if long := q.Get("ttl"); long != "" {
		ttl, err := time.ParseDuration(long)
		if err != nil || ttl <= 0 {
			return e, fmt.Errorf("ttl: %q is no duration; write a number with a unit, such as 30m or 24h",
				text.Clip(long))
		}
		e.Until = now.Add(ttl).UTC().Truncate(time.Second)
	}
	if end := q.Get("until"); end != "" {
		until, err := time.Parse(time.RFC3339, end)
		if err != nil || !until.After(now) {
			return e, fmt.Errorf("until: %q is no time to come; write it as 2026-12-31T18:00:00Z", text.Clip(end))
		}
		e.Until = until.UTC().Truncate(time.Second)
	}
	return e, nil
}

// folded is a user as revocations and sessions know it: letter case makes no other person.
func folded(user string) string { return auth.PersonPrincipal("", "", user).User }

// checkComponent refuses an entry for rooms that there cannot be, as the configuration's whitelist does.
func (s *server) checkComponent(e lobby.Entry) error {
	mucs := s.MUCs()
	switch {
	case !lobby.Foreign(e.Room, mucs):
		return nil
	case len(mucs) == 0:
		return errors.New("no host of the configuration has a muc; name the components with rooms there first")
	}
	_, component, _ := lobby.CutComponent(e.Room)
	return fmt.Errorf("room: %q is none of the muc components; name one of %s, or no component",
		text.Printable(text.Clip(component)), strings.Join(mucs, ", "))
}

// domainWarning says where a whole domain cannot pass at once.
func (s *server) domainWarning(e lobby.Entry) string {
	if !e.IsDomain() || !s.MembersOnly() {
		return ""
	}
	return "everybody of a domain cannot be a member: in rooms with enforce: members-only each account comes in " +
		"at its second try only"
}

// importLobby adds many entries, and with replace takes off all others that are not of the configuration.
func (s *server) importLobby(r *http.Request) (LobbyAnswer, error) {
	entries, err := decodeEntries(http.MaxBytesReader(nil, r.Body, maxImport))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return LobbyAnswer{}, fmt.Errorf("the list has over %d MiB, as JSON: import it in parts", maxImport>>20)
	}
	if err != nil {
		return LobbyAnswer{}, fmt.Errorf("the list cannot be read: %w", err)
	}
	replace := r.URL.Query().Get("replace") == "true"
	keep, err := s.readImport(entries, replace)
	if err != nil {
		return LobbyAnswer{}, fmt.Errorf("nothing was changed: %w", err)
	}
	var answer LobbyAnswer
	if replace {
		removed, err := s.removeOthers(r.Context(), keep)
		if answer.Removed = removed; err != nil {
			return answer, err
		}
	}
	for _, e := range entries {
		switch err := s.Whitelist.Allow(r.Context(), e); {
		case errors.Is(err, lobby.ErrFixed): // it is there
		case err != nil:
			return answer, fmt.Errorf("%s: %w", e, err)
		default:
			answer.Added++
		}
	}
	return answer, nil
}

// decodeEntries reads a list of JSON one entry at a time: what two bytes of it become takes a hundred.
func decodeEntries(in io.Reader) (entries []lobby.Entry, err error) {
	d := json.NewDecoder(in)
	if begins, err := d.Token(); err != nil || begins != json.Delim('[') {
		return nil, cmp.Or(err, errNoList)
	}
	for d.More() {
		if len(entries) == maxListed {
			return nil, errLong
		}
		var e lobby.Entry
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, cmp.Or(err, errNoList)
	}
	return entries, nil
}

// readImport prepares entries, and refuses what [lobby.Lobby.Allow] would: nothing is taken off for a list of which a
// part cannot be put on.
func (s *server) readImport(entries []lobby.Entry, replace bool) (keep map[lobby.EntryKey]bool, err error) {
	keep = map[lobby.EntryKey]bool{}
	for i := range entries {
		e := &entries[i]
		if e.IsUser() {
			e.JID = folded(e.JID)
		} else if e.JID, err = jid.Prepare(e.JID); err != nil {
			return nil, err
		}
		if err := s.checkComponent(*e); err != nil {
			return nil, fmt.Errorf("%s: %w", text.Printable(text.Clip(e.String())), err)
		}
		if _, err := e.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", text.Printable(text.Clip(e.String())), err)
		}
		keep[e.Key()] = true
	}
	n := len(keep)
	for _, e := range s.Whitelist.List() {
		if (e.Fixed || !replace) && !keep[e.Key()] {
			n++
		}
	}
	if n > lobby.MaxEntries {
		return nil, lobby.ErrFull
	}
	return keep, nil
}

func (s *server) removeOthers(ctx context.Context, keep map[lobby.EntryKey]bool) (n int, err error) {
	for _, e := range s.Whitelist.List() {
		if e.Fixed || keep[e.Key()] {
			continue
		}
		if err := s.Whitelist.Remove(ctx, e.Key()); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
