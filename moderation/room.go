package moderation

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"usher/auth"
	"usher/internal/jid"
)

// A RoomName is a room's JID made ready for comparing.
type RoomName struct {
	JID    string // bare JID, as Prosody spells it
	Domain string // of the MUC component

	// name is the canonical localpart: percent-encoding undone, and prepared
	// as Prosody does. Empty if there is no such form; then only "*" opens it.
	name string
}

// maxBareJID is more than any has (RFC 6122 section 2.1), in bytes.
const maxBareJID = 3071

// ParseRoom reads a room's bare JID as Prosody sends it.
func ParseRoom(jid string) (RoomName, error) {
	local, domain, found := strings.Cut(jid, "@")
	if !found || local == "" || domain == "" || len(jid) > maxBareJID || strings.ContainsAny(domain, "@/") || strings.Contains(local, "/") || !utf8.ValidString(jid) {
		return RoomName{}, fmt.Errorf("%q is no bare JID of a room", clip(jid))
	}
	r := RoomName{JID: jid, Domain: strings.ToLower(domain)}
	if name, err := canonicalRoom(local); err == nil {
		r.name = name
	}
	return r, nil
}

// prepareRoom reads a room's bare JID as a client writes it, and prepares it as
// Prosody does (util.jid.prep) before it looks for the room.
func prepareRoom(jid string) (RoomName, error) {
	if len(jid) > maxBareJID {
		return RoomName{}, fmt.Errorf("%q is no bare JID of a room", clip(jid))
	}
	local, domain, _ := strings.Cut(jid, "@")
	local, err := jid.Nodeprep(local)
	if err != nil {
		return RoomName{}, err
	}
	domain, err = jid.Nameprep(strings.TrimSuffix(domain, "."))
	if err != nil {
		return RoomName{}, err
	}
	return ParseRoom(local + "@" + domain)
}

// tenant splits the localpart "[tenant]room" of Jitsi's domain mapper.
func (r RoomName) tenant() (tenant, rest string) {
	if !strings.HasPrefix(r.name, "[") {
		return "", r.name
	}
	tenant, rest, found := strings.Cut(r.name[1:], "]")
	if !found || tenant == "" || rest == "" {
		return "", r.name
	}
	return tenant, rest
}

// canonicalRoom returns the one form in which localparts of rooms are
// compared. Jitsi's client names rooms percent-encoded and lower-cased, other
// clients in plain Unicode, and a claim may do either: percent-encoding is
// undone once, and the result prepared as Prosody prepares a localpart. What a
// localpart cannot hold is encoded again, so that "a b" and "a%20b" are one.
func canonicalRoom(s string) (string, error) {
	return jid.Nodeprep(encodeRoom(decodeRoom(s)))
}

// CanonicalName returns the form in which names of rooms, or parts of them, are
// compared everywhere.
func CanonicalName(s string) (string, error) { return canonicalRoom(s) }

// decodeRoom undoes percent-encoding if all of it is well-formed; a name that
// merely has a percent sign stays as it is.
func decodeRoom(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	decoded, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(decoded) {
		return s
	}
	return decoded
}

// encodeRoom writes what a localpart cannot hold, and the percent sign itself,
// as %XX: two names have the same code only if they are the same.
func encodeRoom(s string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c == 0x7f || strings.IndexByte(`%"&'/:<>@`, c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
