package component

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"encoding/xml"

	"usher/moderation"
)

const (
	queueLength = 512 // stanzas that wait to be written
	maxPending  = 512 // IQs that wait for their answer
	writeWithin = 10 * time.Second
	maxWrite    = 64 << 10 // bytes at a time

	// What any account may send, and make the component keep: these are bytes.
	maxRequest = 64 << 10 // of a stanza that asks something
	maxID      = 1 << 10  // of its ID, which stands in the answer
	maxReplies = 4 << 20  // of answers that wait to be written
)

// A session is a connection in use.
type session struct {
	*stream
	jid string
	o   Options

	queue  chan []byte
	queued atomic.Int64 // bytes in queue
	limit  *commandLimiter
	ended  chan struct{} // closed with the session

	ctx      context.Context // of run: commands end with the session
	commands sync.WaitGroup

	mu      sync.Mutex
	pending map[pendingKey]chan *iq
	alive   time.Time // when something was last read
}

// A pendingKey is all that an answer is known by. Any account may send an answer to
// the component, and Prosody stamps its sender: one of the right ID and
// another sender leaves the question where it is.
type pendingKey struct{ from, id string }

func newSession(s *stream, jid string, o Options) *session {
	return &session{stream: s, jid: jid, o: o, queue: make(chan []byte, queueLength), limit: newCommandLimiter(),
		ended: make(chan struct{}), pending: map[pendingKey]chan *iq{}, alive: time.Now()}
}

// run reads and writes until either fails or ctx ends, and then says goodbye. It
// returns when the commands that were under way have ended, too.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.ctx = ctx
	defer s.commands.Wait()
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
			s.queued.Add(-int64(len(out)))
		case <-tick.C:
			s.mu.Lock()
			silent := time.Since(s.alive)
			s.mu.Unlock()
			if silent > 3*s.o.PingEvery {
				return errors.New("no answer from Prosody any more")
			}
			out, _ = request("get", newID(), s.jid, s.jid, pingPayload{})
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
			err = s.receive(start)
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) receive(start xml.StartElement) error {
	key := pendingKey{attr(start, "from"), attr(start, "id")}
	isAnswer := attr(start, "type") == "result" || attr(start, "type") == "error"
	if isAnswer && !s.waits(key) { // read, but not kept even for a moment
		return s.dec.Skip()
	}
	in, began := &iq{}, s.dec.InputOffset()
	if err := s.dec.DecodeElement(in, &start); err != nil {
		return err
	}
	switch size := s.dec.InputOffset() - began; {
	case isAnswer:
		s.deliver(key, in)
	case len(in.ID) > maxID: // no client of good will
	case size > maxRequest:
		s.reply(s.failure(in, "modify", "policy-violation"))
	default:
		s.answer(in)
	}
	return nil
}

func attr(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func (s *session) waits(key pendingKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending[key] != nil
}

// deliver hands an answer to the question that waits for it.
func (s *session) deliver(key pendingKey, in *iq) {
	s.mu.Lock()
	waiting := s.pending[key]
	delete(s.pending, key)
	s.mu.Unlock()
	if waiting != nil {
		waiting <- in // has place for one
	}
}

// answer is for those that ask what the component is, and for moderators.
func (s *session) answer(in *iq) {
	var payload any
	switch {
	case in.From == s.jid: // our own ping came back
		return
	case in.Type == "get" && in.Ping != nil:
		s.reply(fmt.Appendf(nil, "<iq type='result' id='%s' from='%s' to='%s'/>",
			escape(in.ID), escape(s.jid), escape(in.From)))
		return
	case in.Type == "get" && in.Disco != nil && in.Disco.Node == "":
		payload = discoPayload{
			Identities: []discoIdentity{{Category: "component", Type: "generic", Name: "usher"}},
			Features:   []discoFeature{{nsDisco}, {nsItems}, {nsAdHoc}, {nsPing}},
		}
	case in.Type == "get" && in.Disco != nil && in.Disco.Node == commandNode && s.o.Command != nil:
		payload = discoPayload{Node: commandNode,
			Identities: []discoIdentity{{Category: "automation", Type: "command-node", Name: s.o.Command.Title()}},
			Features:   []discoFeature{{nsAdHoc}, {"jabber:x:data"}},
		}
	case in.Type == "get" && in.Items != nil:
		payload = s.items(in.Items.Node)
	case in.Type == "set" && in.Command != nil && in.Command.Node == commandNode && s.o.Command != nil:
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
	return fmt.Appendf(nil, "<iq type='error' id='%s' from='%s' to='%s'><error type='%s'>"+
		"<%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		escape(in.ID), escape(s.jid), escape(in.From), kind, condition)
}

// reply has an answer written. One that finds no place in the queue is left
// out: an account that asks too much gets no answer.
func (s *session) reply(out []byte) {
	if s.queued.Load() > maxReplies {
		return
	}
	select {
	case s.queue <- out:
		s.queued.Add(int64(len(out)))
	default:
	}
}

// A question is an IQ that was sent and waits for its answer.
type question struct {
	s       *session
	id, to  string
	waiting chan *iq
}

// send sends an IQ. The caller has to wait for its answer, or give it up.
func (s *session) send(ctx context.Context, kind, to string, payload any, names ...string) (*question, error) {
	q := &question{s: s, to: to, id: newID()}
	var err error
	if q.waiting, err = s.expect(q.key()); err != nil {
		return nil, err
	}
	out, err := request(kind, q.id, s.jid, to, payload, names...)
	if err != nil {
		q.giveUp()
		return nil, err
	}
	select {
	case s.queue <- out:
		s.queued.Add(int64(len(out)))
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

func (q *question) key() pendingKey { return pendingKey{q.to, q.id} }

func (q *question) giveUp() {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	delete(q.s.pending, q.key())
}

func (s *session) expect(key pendingKey) (waiting chan *iq, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) >= maxPending {
		return nil, errors.New("too many questions wait for their answer")
	}
	waiting = make(chan *iq, 1)
	s.pending[key] = waiting
	return waiting, nil
}

// newID is 128 random bits or more: what is asked cannot be guessed from what was
// asked before.
func newID() string { return rand.Text() }
