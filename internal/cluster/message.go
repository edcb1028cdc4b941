package cluster

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A message is what a node tells others of its cell beside what they all know: once, and only those that it is for. It
// is encrypted, so that who reads the engine does not understand it.
type message struct {
	fact Fact
	done chan struct{} // closed once the engine has taken it
}

const (
	maxMessages       = 1000 // that wait for the engine
	messagesAtATime   = 100
	maxMessage        = 24 << 10 // bytes
	messageVersion    = 1
	messageKeyPurpose = "usher cluster messages 1 "
)

// ErrTooMany is of a message that found no place: too many wait for the engine.
var ErrTooMany = errors.New("too many messages wait for the cluster's engine")

// Tell tells a node of the cell something, or, without a name, all of them. It returns when the engine has it, or with
// [ErrUnpublished] when ctx ends before: whether it is told is then unknown. The body has at most 24 KiB.
func (n *Node) Tell(ctx context.Context, kind Kind, to string, body []byte) error {
	if !kind.isMessage() || len(body) > maxMessage {
		return fmt.Errorf("a message of kind %d with %d bytes cannot be told", kind, len(body))
	}
	m := &message{Fact{Kind: kind, Version: messageVersion, Key: randomKey(), Body: n.keys.encrypt(kind, to, body)},
		make(chan struct{})}
	if !n.cell.put(m) {
		return ErrTooMany
	}
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
		n.cell.takeBack(m)
		return errors.Join(ctx.Err(), ErrUnpublished)
	}
}

func randomKey() (k Key) {
	rand.Read(k[:])
	return k
}

func (l *link) put(m *message) bool {
	l.mu.Lock()
	full := len(l.messages) >= maxMessages
	if !full {
		l.messages = append(l.messages, m)
	}
	l.mu.Unlock()
	l.wakePublisher()
	return !full
}

func (l *link) takeBack(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = slices.DeleteFunc(l.messages, func(o *message) bool { return o == m })
}

// tell appends messages to a publication.
func (p *publisher) tell(batch []Sealed, now time.Time) []Sealed {
	p.mu.Lock()
	n := min(len(p.messages), messagesAtATime, max(0, maxFacts-len(batch)))
	p.telling = p.messages[:n:n]
	p.messages = slices.Clone(p.messages[n:])
	p.mu.Unlock()
	for _, m := range p.telling {
		batch = p.seal(batch, []Fact{m.fact}, now)
	}
	return batch
}

// told says that the engine has the messages of a publication.
func (p *publisher) told() {
	for _, m := range p.telling {
		close(m.done)
	}
	p.telling = nil
}

// hear takes the messages out of what others have published, and hands over those for this node.
func (fl *follower) hear(from string, f *Fact) {
	for _, to := range []string{fl.n.o.Node, ""} {
		if body, ok := fl.n.keys.decrypt(f.Kind, to, f.Body); ok {
			fl.n.o.Told(f.Kind, from, body)
			return
		}
	}
}

func boxesOf(name string, secrets [][]byte) (boxes []cipher.AEAD, err error) {
	for i, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, messageKeyPurpose+name, 32)
		if err != nil {
			return nil, fmt.Errorf("deriving a key for messages from secret %d of the cluster: %w", i+1, err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		box, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		boxes = append(boxes, box)
	}
	return boxes, nil
}

// addressed is what a message is bound to.
func addressed(kind Kind, to string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)), to...)
}

func (k *Keys) encrypt(kind Kind, to string, body []byte) []byte {
	return (*k.boxes.Load())[0].Seal(nil, nil, body, addressed(kind, to))
}

func (k *Keys) decrypt(kind Kind, to string, sealed []byte) (body []byte, ok bool) {
	for _, box := range *k.boxes.Load() {
		if body, err := box.Open(nil, nil, sealed, addressed(kind, to)); err == nil {
			return body, true
		}
	}
	return nil, false
}
