package client

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// Occupant is what presence says of somebody in a room (XEP-0045 section 7.2.2).
type Occupant struct {
	Affiliation string
	Role        string
}

// String is role/affiliation.
func (o Occupant) String() string { return o.Role + "/" + o.Affiliation }

// StanzaError is an answer of type error (RFC 6120 section 8.3).
type StanzaError struct {
	Type      string // auth, cancel, modify, wait
	Condition string
	Text      string
}

// Error has the condition.
func (e *StanzaError) Error() string { return e.Type + "/" + e.Condition }

// Item is one line of muc#admin (XEP-0045 section 9).
type Item struct {
	Affiliation string `xml:"affiliation,attr,omitempty"`
	Role        string `xml:"role,attr,omitempty"`
	JID         string `xml:"jid,attr,omitempty"`
	Nick        string `xml:"nick,attr,omitempty"`
}

// errLeft is what is left of a room that one is not in any more.
var errLeft = errors.New("not in the room")

// rooms is what a session has seen of rooms. It is filled by one goroutine, from the first use on.
type rooms struct {
	start   sync.Once
	writing sync.Mutex
	ids     atomic.Int64
	mu      sync.Mutex
	joined  map[string]*seen      // by room
	asked   map[string]chan reply // by id
	change  chan struct{}         // closed at each change
	notes   []note                // messages
	err     error                 // why nothing more comes
}

// seen is one room.
type seen struct {
	nick      string
	self      *Occupant
	first     *Occupant // of the first presence of one's own
	own       int       // presences of one's own
	err       error
	occupants map[string]Occupant // by nick
}

type reply struct {
	items    []Item
	features []string
	note     string
	err      error
}

// stanza is a presence or an IQ, as far as rooms are concerned.
type stanza struct {
	From string `xml:"from,attr"`
	Type string `xml:"type,attr"`
	ID   string `xml:"id,attr"`
	User struct {
		Items  []Item `xml:"item"`
		Status []struct {
			Code string `xml:"code,attr"`
		} `xml:"status"`
	} `xml:"http://jabber.org/protocol/muc#user x"`
	Admin struct {
		Items []Item `xml:"item"`
	} `xml:"http://jabber.org/protocol/muc#admin query"`
	Disco struct {
		Features []struct {
			Var string `xml:"var,attr"`
		} `xml:"feature"`
	} `xml:"http://jabber.org/protocol/disco#info query"`
	Command struct {
		Note string `xml:"note"`
	} `xml:"http://jabber.org/protocol/commands command"`
	Error *struct {
		condition
		Type string `xml:"type,attr"`
	} `xml:"error"`
	message incoming // decoded apart: its names are others
}

func (st *stanza) err() error {
	if st.Error == nil {
		return &StanzaError{Type: "cancel", Condition: "undefined-condition"}
	}
	e := &StanzaError{Type: st.Error.Type, Text: st.Error.Text}
	for _, c := range st.Error.Any {
		if c.XMLName.Local != "text" && !strings.HasPrefix(c.XMLName.Space, "http") {
			e.Condition = c.XMLName.Local
		}
	}
	return e
}

func (s *Session) begin() {
	s.rooms.start.Do(func() {
		s.rooms.joined, s.rooms.asked, s.rooms.change = map[string]*seen{}, map[string]chan reply{}, make(chan struct{})
		go s.read()
	})
}

func (s *Session) read() {
	for {
		start, err := s.stream.next()
		var st stanza
		switch {
		case err != nil:
		case start.Name.Local == "message":
			st.From = attribute(start, "from")
			err = s.stream.decoder.DecodeElement(&st.message, &start)
		default:
			err = s.stream.decoder.DecodeElement(&st, &start)
		}
		s.rooms.mu.Lock()
		if err != nil {
			s.rooms.err = err
		} else {
			s.rooms.take(start.Name.Local, &st)
		}
		close(s.rooms.change)
		s.rooms.change = make(chan struct{})
		s.rooms.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take wants the lock.
func (r *rooms) take(name string, st *stanza) {
	if name == "iq" && r.asked[st.ID] != nil {
		answer := reply{items: st.Admin.Items, note: st.Command.Note}
		for _, f := range st.Disco.Features {
			answer.features = append(answer.features, f.Var)
		}
		if st.Type == "error" {
			answer.err = st.err()
		}
		r.asked[st.ID] <- answer
		delete(r.asked, st.ID)
	}
	if name == "message" {
		r.notes = append(r.notes, st.message.note(st.From))
		return
	}
	room, nick, _ := strings.Cut(st.From, "/")
	in := r.joined[room]
	if name != "presence" || in == nil {
		return
	}
	own := nick == in.nick
	for _, status := range st.User.Status {
		own = own || status.Code == "110"
	}
	switch {
	case st.Type == "error":
		if in.self == nil {
			in.err = st.err()
		}
	case len(st.User.Items) == 0: // somebody with several sessions has an item for each
	case st.Type == "unavailable":
		delete(in.occupants, nick)
		if own {
			in.self, in.err = nil, errLeft
		}
	default:
		o := Occupant{Affiliation: st.User.Items[0].Affiliation, Role: st.User.Items[0].Role}
		in.occupants[nick] = o
		if own {
			in.nick, in.self, in.err = nick, &o, nil
			in.own++
			if in.first == nil {
				in.first = &o
			}
		}
	}
}

func attribute(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Join joins a room and returns what the first presence of one's own said. The error is a
// [*StanzaError] if the room, or the server, said no.
func (s *Session) Join(ctx context.Context, room, nick string) (Occupant, error) {
	s.begin()
	s.rooms.mu.Lock()
	s.rooms.joined[room] = &seen{nick: nick, occupants: map[string]Occupant{}}
	s.rooms.mu.Unlock()
	address := escape(room + "/" + nick)
	if err := s.send("<presence to='" + address + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>"); err != nil {
		return Occupant{}, err
	}
	var first Occupant
	err := s.until(ctx, func() (bool, error) {
		in := s.rooms.joined[room]
		if in.first != nil {
			first = *in.first
		}
		return in.first != nil, in.err
	})
	return first, err
}

// Leave leaves a room and returns when it is left.
func (s *Session) Leave(ctx context.Context, room string) error {
	s.rooms.mu.Lock()
	nick := s.rooms.joined[room].nick
	s.rooms.mu.Unlock()
	if err := s.send("<presence type='unavailable' to='" + escape(room+"/"+nick) + "'/>"); err != nil {
		return err
	}
	err := s.until(ctx, func() (bool, error) { return false, s.rooms.joined[room].err })
	if errors.Is(err, errLeft) {
		return nil
	}
	return err
}

// Self is what one is in a room now; the error says that one is not in it.
func (s *Session) Self(room string) (Occupant, error) {
	s.rooms.mu.Lock()
	defer s.rooms.mu.Unlock()
	in := s.rooms.joined[room]
	if in == nil || in.self == nil {
		return Occupant{}, errLeft
	}
	return *in.self, nil
}

// Changes is how many presences of one's own there were in a room, with the first.
func (s *Session) Changes(room string) int {
	s.rooms.mu.Lock()
	defer s.rooms.mu.Unlock()
	return s.rooms.joined[room].own
}

// Become waits until one is role/affiliation in a room, or "" for out of it.
func (s *Session) Become(ctx context.Context, room, want string) error {
	last := ""
	err := s.until(ctx, func() (bool, error) {
		in := s.rooms.joined[room]
		if last = ""; in.self != nil {
			last = in.self.String()
		}
		return last == want, nil
	})
	if err != nil {
		return fmt.Errorf("still %q, not %q: %w", last, want, err)
	}
	return nil
}

// Admin asks a room by muc#admin; kind is get or set.
func (s *Session) Admin(ctx context.Context, room, kind string, item Item) ([]Item, error) {
	payload, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://jabber.org/protocol/muc#admin query"`
		Item    Item     `xml:"item"`
	}{Item: item})
	if err != nil {
		return nil, err
	}
	r, err := s.ask(ctx, kind, room, string(payload))
	return r.items, err
}

// Features asks what a room, or another entity, has (XEP-0030).
func (s *Session) Features(ctx context.Context, jid string) ([]string, error) {
	r, err := s.ask(ctx, "get", jid, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
	return r.features, err
}

// until waits for a condition on what was seen; it is asked with the lock held.
func (s *Session) until(ctx context.Context, done func() (bool, error)) error {
	for {
		s.rooms.mu.Lock()
		ok, err := done()
		if err == nil && !ok {
			err = s.rooms.err
		}
		change := s.rooms.change
		s.rooms.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Session) send(text string) error {
	s.rooms.writing.Lock()
	defer s.rooms.writing.Unlock()
	return s.stream.write(text)
}
