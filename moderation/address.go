package moderation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

// A RoomName is a room's JID as Prosody spells it, split once. Every decision
// about a room sees it through this.
type RoomName struct {
	JID    string // bare JID
	Domain string // of the MUC component
	jid.Room
}

// ParseRoom reads a room's bare JID as Prosody sends it. Nothing is decoded,
// folded or prepared: Prosody has done the latter.
func ParseRoom(bare string) (RoomName, error) {
	local, domain, found := strings.Cut(bare, "@")
	if !found || local == "" || domain == "" || len(bare) > jid.MaxJID || strings.ContainsAny(domain, "@/") ||
		strings.Contains(local, "/") || !utf8.ValidString(bare) {
		return RoomName{}, fmt.Errorf("%q is no bare JID of a room", text.Name(bare))
	}
	return RoomName{JID: bare, Domain: domain, Room: jid.SplitRoom(local)}, nil
}

// ForLobby is the room as the lobby's lists know it.
func (r RoomName) ForLobby() lobby.Room {
	return lobby.Room{JID: r.JID, Domain: r.Domain, Room: r.Room}
}

// A Place is a room, and whose it is.
type Place struct {
	RoomName
	Host     *Host // nil: it is of no configured component
	Breakout bool  // of a component for breakout rooms
	Lobby    bool  // of the component for lobby rooms; the name is that of its main room
}

// Place reads a room's bare JID as Prosody sends it.
func (p *Policy) Place(bare string) (Place, error) {
	name, err := ParseRoom(bare)
	if err != nil {
		return Place{}, err
	}
	h := p.byRoom[name.Domain]
	return Place{RoomName: name, Host: h, Breakout: h != nil && h.breakout[name.Domain]}, nil
}

// errNoRooms ends the sentence about an address in whose domain usher has no rooms.
var errNoRooms = errors.New("none of the MUC components under hosts, nor a tenant's address of one")

// Find reads the bare address of a room as a client or a person writes it, and
// returns the room as Prosody calls it and the host whose room it is: localpart
// through nodeprep, one final dot off the domain, which then goes through
// nameprep (util.jid.prep); then a listed component's domain, or
// PREFIX.TENANT.HOST, which Jitsi's mapper turns into [TENANT] at PREFIX.HOST.
// Anything else is an error.
func (p *Policy) Find(address string) (RoomName, *Host, error) {
	at, err := p.Where(address)
	if err == nil && at.Lobby {
		return RoomName{}, nil, fmt.Errorf("%q is the address of a lobby room: write that of its main room, %q",
			text.Name(address), text.Name(at.JID))
	}
	return at.RoomName, at.Host, err
}

// Where is Find, and also reads the addresses of Jitsi's lobby rooms.
func (p *Policy) Where(address string) (Place, error) {
	local, domain, err := prepared(address)
	if err != nil {
		return Place{}, err
	}
	if muc, tenant, found := p.inward(domain); found {
		local, domain = "["+tenant+"]"+local, muc
	}
	lobbyOf := p.byLobby[domain]
	if lobbyOf != nil {
		domain = lobbyOf.MUC[0] // Jitsi has one, whose rooms have lobby rooms of the same localpart
	}
	name, err := ParseRoom(local + "@" + domain)
	if err != nil {
		return Place{}, err
	}
	h := p.byRoom[name.Domain]
	if h == nil {
		return Place{}, fmt.Errorf("%q is %w", text.Name(domain), errNoRooms)
	}
	return Place{name, h, h.breakout[name.Domain], lobbyOf != nil}, nil
}

// prepared reads a bare address as Prosody does.
func prepared(address string) (local, domain string, err error) {
	local, domain, found := strings.Cut(address, "@")
	if !found || len(address) > jid.MaxJID {
		return "", "", fmt.Errorf("%q is no bare JID of a room", text.Name(address))
	}
	if local, err = jid.NodeprepQuery(local); err != nil {
		return "", "", err
	}
	domain, err = jid.NameprepQuery(strings.TrimSuffix(domain, "."))
	return local, domain, err
}

// inward undoes what Jitsi's domain mapper shows of a tenant's rooms. The
// mapper's own pattern takes more for such an address (another byte for the
// dot after PREFIX, anything after HOST): that is nobody's way to write one.
func (p *Policy) inward(domain string) (muc, tenant string, found bool) {
	if p.byRoom[domain] != nil || p.byLobby[domain] != nil {
		return "", "", false
	}
	for i := strings.IndexByte(domain, '.'); i >= 0; {
		tenant, rest, found := strings.Cut(domain[i+1:], ".")
		if !found {
			return "", "", false
		}
		muc := domain[:i] + "." + rest
		if h := p.byRoom[muc]; h != nil && rest == h.Host && !h.breakout[muc] && tenant != "" &&
			!strings.Contains(tenant, "]") {
			return muc, tenant, true
		}
		i += 1 + len(tenant)
	}
	return "", "", false
}

// FindRoom returns the bare JID of the room that somebody means by a name: that of the
// one in known, bare JIDs of rooms that are there, or else at the only MUC component.
// A name without a tenant finds a room of a tenant, if there is no other. Of a whole
// address it returns what Prosody calls the room. The error says what to write instead.
func (p *Policy) FindRoom(name string, known []string) (string, error) {
	if strings.Contains(name, "@") {
		r, _, err := p.Find(name)
		return r.JID, err
	}
	claim, err := jid.ReadClaim(name)
	if err != nil {
		return "", err
	}
	exact, inTenants := p.meantBy(claim, known)
	for _, found := range []map[string]bool{exact, inTenants, p.possible(claim)} {
		if list := slices.Sorted(maps.Keys(found)); len(list) == 1 {
			return list[0], nil
		} else if len(list) > 1 {
			return "", fmt.Errorf("write the room's whole address: %s", strings.Join(list[:min(len(list), 4)], " or "))
		}
	}
	return "", errors.New("there is no MUC component under hosts")
}

// meantBy returns the rooms that have a name, and those that have it in a tenant.
func (p *Policy) meantBy(claim jid.Claim, known []string) (exact, inTenants map[string]bool) {
	exact, inTenants = map[string]bool{}, map[string]bool{}
	for _, address := range known {
		switch r, err := ParseRoom(address); {
		case err != nil || p.byRoom[r.Domain] == nil || !claim.Opens(r.Room):
		case slices.Contains(claim.Names(), r.Local):
			exact[address] = true
		default:
			inTenants[address] = true
		}
	}
	return exact, inTenants
}

// possible returns what a room of a name is called at each MUC component.
func (p *Policy) possible(claim jid.Claim) map[string]bool {
	set := map[string]bool{}
	for _, h := range p.hosts {
		for _, domain := range h.MUC {
			for _, local := range claim.Names() {
				set[local+"@"+domain] = true
			}
		}
	}
	return set
}
