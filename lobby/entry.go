package lobby

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/internal/jid"
	"usher/internal/text"
)

// An Entry is one line of the whitelist: an account that passes, and where.
type Entry struct {
	JID   string    `json:"jid"`            // bare JID, a domain for everybody of it, or a [User]
	Room  string    `json:"room,omitempty"` // a [Pattern]; empty: every room
	Until time.Time `json:"until,omitzero"` // zero: for good
	Note  string    `json:"note,omitempty"`
	At    time.Time `json:"at,omitzero"`    // when it was added or removed; zero: before that was noted
	Gone  bool      `json:"gone,omitempty"` // it was removed: the other ushers are to know
}

// An EntryKey names an entry: adding one of the same key replaces it.
type EntryKey struct{ JID, Room string }

// Key returns the entry's key.
func (e Entry) Key() EntryKey { return EntryKey{e.JID, e.Room} }

// IsDomain reports whether the entry is for everybody of a domain.
func (e Entry) IsDomain() bool { return !strings.Contains(e.JID, "@") && !e.IsUser() }

// userPrefix begins no JID and no domain: neither may hold a colon.
const userPrefix = "user:"

// User is what stands in the place of a JID in the entry of a user, whatever account Prosody
// draws: what the tokens call the user, in one letter case.
func User(folded string) string { return userPrefix + folded }

// UserOf returns the user, in one letter case, that stands in the place of a JID; false: it
// is a JID.
func UserOf(jid string) (folded string, ok bool) { return strings.CutPrefix(jid, userPrefix) }

// IsUser reports whether the entry is for a user.
func (e Entry) IsUser() bool { return strings.HasPrefix(e.JID, userPrefix) }

func (e Entry) ended(now time.Time) bool { return !e.Until.IsZero() && !now.Before(e.Until) }

const (
	maxJID  = 2*jid.MaxPart + 1 // bytes, of a bare one
	maxNote = 256
)

// Check returns what is wrong with an entry, or else the rooms that it is for.
func (e Entry) Check() (Pattern, error) {
	local, domain, isJID := strings.Cut(e.JID, "@")
	if !isJID {
		local, domain = "x", e.JID
	}
	switch {
	case local == "" || domain == "" || len(e.JID) > maxJID || !plain(e.JID) ||
		strings.Contains(e.JID, "/") || strings.Contains(domain, "@"):
		return Pattern{}, fmt.Errorf("%q is neither user@host nor a host", text.Clip(e.JID))
	case strings.ContainsAny(e.JID, "#="): // a line of the export would say something else
		return Pattern{}, fmt.Errorf("%q has # or = in it, which the whitelist cannot write", text.Clip(e.JID))
	case len(e.Note) > maxNote || !utf8.ValidString(e.Note) || strings.ContainsFunc(e.Note, unicode.IsControl) ||
		strings.TrimSpace(e.Note) != e.Note:
		return Pattern{}, fmt.Errorf("the note has over %d bytes, a control character, or a space at its ends", maxNote)
	case !plain(e.Room) || strings.Contains(e.Room, "#"):
		return Pattern{}, fmt.Errorf("the room %q has a space or # in it; write %%20 or %%23", text.Clip(e.Room))
	case !e.Until.Equal(e.Until.Truncate(time.Second)):
		return Pattern{}, errors.New("the time has a fraction of a second")
	}
	p, err := ParsePattern(e.Room)
	if err != nil {
		return Pattern{}, fmt.Errorf("the room %q: %w", text.Clip(e.Room), err)
	}
	return p, nil
}

// plain reports whether a text is one word of a line.
func plain(s string) bool {
	return utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// String returns the line of an export: the JID, then room= and until= if there
// are any, and the note after a number sign.
func (e Entry) String() string {
	var b strings.Builder
	b.WriteString(e.JID)
	if e.Room != "" {
		b.WriteString(" room=" + e.Room)
	}
	if !e.Until.IsZero() {
		b.WriteString(" until=" + e.Until.UTC().Format(time.RFC3339))
	}
	if e.Note != "" {
		b.WriteString(" # " + e.Note)
	}
	return b.String()
}

// ParseEntry reads the form of [Entry.String]. A line that is empty or only a
// comment is an entry without a JID.
func ParseEntry(line string) (Entry, error) {
	words, note, _ := strings.Cut(line, "#")
	e := Entry{Note: strings.TrimSpace(note)}
	fields := strings.Fields(words)
	if len(fields) == 0 {
		return Entry{}, nil
	}
	e.JID = fields[0]
	for _, f := range fields[1:] {
		name, v, found := strings.Cut(f, "=")
		switch {
		case name == "room" && found && e.Room == "" && v != "":
			e.Room = v
		case name == "until" && found && e.Until.IsZero():
			t, err := time.Parse(time.RFC3339, v)
			if t = t.UTC(); err != nil || t.IsZero() || t.Nanosecond() != 0 || t.Year() < 1 || t.Year() > 9999 {
				return Entry{}, fmt.Errorf("%q is no time; write it as 2026-12-31T18:00:00Z", text.Clip(v))
			}
			e.Until = t
		default:
			return Entry{}, fmt.Errorf("%q is not understood; after the JID may come room=PATTERN, until=TIME and # a note",
				text.Clip(f))
		}
	}
	if strings.Contains(e.JID, "=") {
		return Entry{}, errors.New("the JID comes first")
	}
	return e, nil
}
