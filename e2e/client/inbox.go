package client

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
)

// inbox is what has come on a stream since the first use of the session. One goroutine fills it; Close waits for that.
type inbox struct {
	stream  *stream
	once    sync.Once
	reading sync.WaitGroup

	mu     sync.Mutex
	ids    int                   // of requests, so far
	joined map[string]*seen      // by room
	asked  map[string]chan reply // by id
	notes  []note                // messages
	change chan struct{}         // closed at each change
	err    error                 // why nothing more comes
}

// seen is one room.
type seen struct {
	nick  string
	self  *Occupant
	first *Occupant         // of the first presence of one's own
	own   int               // presences of one's own
	shown map[string]string // what the last presence of each occupant says, by nick
	err   error
}

// reply is the answer to a request.
type reply struct {
	items    []Item
	features []string
	note     string
	ready    string // of a conference
	err      error
}

// begin has everything read from now on.
func (b *inbox) begin() {
	b.once.Do(func() {
		b.joined, b.asked, b.change = map[string]*seen{}, map[string]chan reply{}, make(chan struct{})
		b.reading.Go(b.read)
	})
}

func (b *inbox) read() {
	for {
		start, err := b.stream.next()
		var st stanza
		switch {
		case err != nil:
		case start.Name.Local == "message":
			st.From = attribute(start, "from")
			err = b.stream.decoder.DecodeElement(&st.message, &start)
		default:
			err = b.stream.decoder.DecodeElement(&st, &start)
		}
		if err == nil && st.Jibri != nil && st.Type == "set" {
			err = b.stream.write("<iq type='result' to='" + escape(st.From) + "' id='" + escape(st.ID) + "'/>")
		}
		b.mu.Lock()
		if err != nil {
			b.err = err
		} else {
			b.takeLocked(start.Name.Local, &st)
		}
		close(b.change)
		b.change = make(chan struct{})
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (b *inbox) takeLocked(name string, st *stanza) {
	switch name {
	case "iq":
		if answer := b.asked[st.ID]; answer != nil {
			answer <- st.reply()
			delete(b.asked, st.ID)
		}
	case "message":
		b.notes = append(b.notes, st.message.note(st.From))
	case "presence":
		room, nick, _ := strings.Cut(st.From, "/")
		if in := b.joined[room]; in != nil {
			in.take(nick, st)
		}
	}
}

// take takes the presence of an occupant, or the room's answer to a join.
func (in *seen) take(nick string, st *stanza) {
	if st.Type != "error" {
		in.shown[nick] = st.Inner
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
	case len(st.User.Items) == 0 || !own: // somebody with several sessions has an item for each
	case st.Type == "unavailable":
		in.self, in.err = nil, ErrLeft
	default:
		o := Occupant{Affiliation: st.User.Items[0].Affiliation, Role: st.User.Items[0].Role}
		in.nick, in.self, in.err = nick, &o, nil
		in.own++
		if in.first == nil {
			in.first = &o
		}
	}
}

// until waits for a condition on what was seen; it is asked with the lock held.
func (b *inbox) until(ctx context.Context, done func() (bool, error)) error {
	for {
		b.mu.Lock()
		ok, err := done()
		if err == nil && !ok {
			err = b.err
		}
		change := b.change
		b.mu.Unlock()
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

// newID is the identifier of a new request.
func (b *inbox) newID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ids++
	return fmt.Sprint("q", b.ids)
}

// ask sends a request and waits for the answer with its identifier, or the end of the stream.
func (b *inbox) ask(ctx context.Context, id, iq string) (reply, error) {
	b.begin()
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.asked[id] = answer
	b.mu.Unlock()
	if err := b.stream.write(iq); err != nil {
		return reply{}, err
	}
	var r reply
	err := b.until(ctx, func() (bool, error) {
		select {
		case r = <-answer:
			return true, r.err
		default:
			return false, nil
		}
	})
	return r, err
}

// countLocked is how many messages with a text came.
func (b *inbox) countLocked(from string) (n int) {
	for _, m := range b.notes {
		if m.from == from && m.body != "" {
			n++
		}
	}
	return n
}

// stanza is a presence, a message or an IQ, as far as it is looked at.
type stanza struct {
	From  string `xml:"from,attr"`
	Type  string `xml:"type,attr"`
	ID    string `xml:"id,attr"`
	Inner string `xml:",innerxml"`
	User  struct {
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
	Conference struct {
		Ready string `xml:"ready,attr"`
	} `xml:"http://jitsi.org/protocol/focus conference"`
	Jibri *struct{} `xml:"http://jitsi.org/protocol/jibri jibri"` // a request to record, which is done
	Error *struct {
		condition
		Type string `xml:"type,attr"`
	} `xml:"error"`
	message incoming // decoded apart: its names are others
}

func (st *stanza) reply() reply {
	answer := reply{items: st.Admin.Items, note: st.Command.Note, ready: st.Conference.Ready}
	for _, f := range st.Disco.Features {
		answer.features = append(answer.features, f.Var)
	}
	if st.Type == "error" {
		answer.err = st.err()
	}
	return answer
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

func attribute(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
