package component

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"encoding/xml"

	"usher/moderation"
)

const (
	queueLength = 512 // stanzas that wait to be written
	maxPending  = 512 // IQs that wait for their answer
	writeWithin = 10 * time.Second
	maxWrite    = 64 << 10 // bytes at a time
)

// A session is a connection in use.
type session struct {
	*stream
	jid string
	o   Options

	queue  chan []byte
	atDesk chan struct{} // a place for each command that is being done
	ended  chan struct{} // closed with the session

	mu      sync.Mutex
	lastID  uint64
	pending map[string]chan *iq
	alive   time.Time // when something was last read
}

func newSession(s *stream, jid string, o Options) *session {
	return &session{stream: s, jid: jid, o: o, queue: make(chan []byte, queueLength), atDesk: make(chan struct{}, maxAtDesk), ended: make(chan struct{}), pending: map[string]chan *iq{}, alive: time.Now()}
}

// run reads and writes until either fails or ctx ends, and then says goodbye.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var both sync.WaitGroup
	both.Go(func() { cancel(s.write(ctx)) })
	both.Go(func() { cancel(s.read()) })
	<-ctx.Done()
	err := context.Cause(ctx)
	close(s.ended)
	_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(s.conn, "</stream:stream>")
	_ = s.conn.Close()
	both.Wait()
	return err
}

// write also keeps the connection alive, and notices when it is not: a ping
// to ourselves goes through Prosody and back.
func (s *session) write(ctx context.Context) error {
	tick := time.NewTicker(s.o.PingEvery)
	defer tick.Stop()
	for {
		var out []byte
		select {
		case <-ctx.Done():
			return nil
		case out = <-s.queue:
			out = s.gather(out)
		case <-tick.C:
			s.mu.Lock()
			silent := time.Since(s.alive)
			s.mu.Unlock()
			if silent > 3*s.o.PingEvery {
				return errors.New("no answer from Prosody any more")
			}
			out, _ = request("get", "ping", s.jid, s.jid, pingPayload{})
		}
		if err := s.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		if _, err := s.conn.Write(out); err != nil {
			return err
		}
	}
}

// gather adds what waits already: Prosody then reads all of it in one go.
func (s *session) gather(out []byte) []byte {
	for len(out) < maxWrite {
		select {
		case more := <-s.queue:
			out = append(out, more...)
		default:
			return out
		}
	}
	return out
}

func (s *session) read() error {
	for {
		start, err := s.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errors.New("the connection was closed by Prosody")
			}
			return err
		}
		s.mu.Lock()
		s.alive = time.Now()
		s.mu.Unlock()
		if start.Name.Local != "iq" {
			err = s.dec.Skip()
		} else {
			err = s.take(start)
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) take(start xml.StartElement) error {
	in := &iq{}
	if err := s.dec.DecodeElement(in, &start); err != nil {
		return err
	}
	if in.Type != "result" && in.Type != "error" {
		s.answer(in)
		return nil
	}
	s.mu.Lock()
	waiting := s.pending[in.ID]
	delete(s.pending, in.ID)
	s.mu.Unlock()
	if waiting != nil {
		waiting <- in // has place for one
	}
	return nil
}

// answer is for those who ask what we are, and for moderators.
func (s *session) answer(in *iq) {
	var payload any
	switch {
	case in.From == s.jid: // our own ping came back
		return
	case in.Type == "get" && in.Ping != nil:
		s.reply(fmt.Appendf(nil, "<iq type='result' id='%s' from='%s' to='%s'/>", escape(in.ID), escape(s.jid), escape(in.From)))
		return
	case in.Type == "get" && in.Disco != nil && in.Disco.Node == "":
		payload = discoPayload{
			Identities: []discoIdentity{{Category: "component", Type: "generic", Name: "usher"}},
			Features:   []discoFeature{{nsDisco}, {nsItems}, {nsAdHoc}, {nsPing}},
		}
	case in.Type == "get" && in.Disco != nil && in.Disco.Node == lobbyNode && s.o.Desk != nil:
		payload = discoPayload{Node: lobbyNode,
			Identities: []discoIdentity{{Category: "automation", Type: "command-node", Name: lobbyName}},
			Features:   []discoFeature{{nsAdHoc}, {"jabber:x:data"}},
		}
	case in.Type == "get" && in.Items != nil:
		payload = s.items(in.Items.Node)
	case in.Type == "set" && in.Command != nil && in.Command.Node == lobbyNode && s.o.Desk != nil:
		s.command(in)
		return
	case in.Type == "set" && in.Command != nil:
		s.reply(s.failure(in, "cancel", "item-not-found"))
		return
	default:
		s.reply(s.failure(in, "cancel", "service-unavailable"))
		return
	}
	if out, err := request("result", escape(in.ID), s.jid, in.From, payload); err == nil {
		s.reply(out)
	}
}

// failure is an answer of type error.
func (s *session) failure(in *iq, kind, condition string) []byte {
	return fmt.Appendf(nil, "<iq type='error' id='%s' from='%s' to='%s'><error type='%s'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		escape(in.ID), escape(s.jid), escape(in.From), kind, condition)
}

// reply has an answer written. One that finds no place in the queue is left
// out: whoever asks too much waits for nothing.
func (s *session) reply(out []byte) {
	select {
	case s.queue <- out:
	default:
	}
}

// A question is an IQ that was sent and waits for its answer.
type question struct {
	s       *session
	id, to  string
	waiting chan *iq
}

// send sends an IQ. Somebody has to wait for its answer, or give it up.
func (s *session) send(ctx context.Context, kind, to string, payload any, names ...string) (*question, error) {
	q := &question{s: s, to: to}
	var err error
	if q.id, q.waiting, err = s.expect(); err != nil {
		return nil, err
	}
	out, err := request(kind, q.id, s.jid, to, payload, names...)
	if err != nil {
		q.giveUp()
		return nil, err
	}
	select {
	case s.queue <- out:
		return q, nil
	case <-s.ended:
		err = moderation.ErrUnreachable
	case <-ctx.Done():
		err = fmt.Errorf("the component's queue is full: %w", ctx.Err())
	}
	q.giveUp()
	return nil, err
}

// answer waits; an answer that is an error is a [*stanzaError].
func (q *question) answer(ctx context.Context) (*iq, error) {
	defer q.giveUp()
	select {
	case in := <-q.waiting:
		switch {
		case in.From != q.to:
			return nil, fmt.Errorf("an answer from %q to a question to %q", in.From, q.to)
		case in.Type == "error" && in.Error != nil:
			return nil, in.Error
		case in.Type == "error":
			return nil, &stanzaError{}
		}
		return in, nil
	case <-q.s.ended:
		return nil, moderation.ErrUnreachable
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer from %s: %w", q.to, ctx.Err())
	}
}

func (q *question) giveUp() {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	delete(q.s.pending, q.id)
}

func (s *session) expect() (id string, waiting chan *iq, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) >= maxPending {
		return "", nil, errors.New("too many questions wait for their answer")
	}
	s.lastID++
	id, waiting = "u"+strconv.FormatUint(s.lastID, 36), make(chan *iq, 1)
	s.pending[id] = waiting
	return id, waiting, nil
}
