package cluster

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
)

const (
	macSize   = sha256.Size
	minSecret = 32 // bytes
)

// Keys make and check the MACs of a cluster's entries. Who has one is an operator of all
// cells. They are safe for concurrent use.
type Keys struct {
	name  string
	macs  atomic.Pointer[[][]byte]      // the first signs
	boxes atomic.Pointer[[]cipher.AEAD] // for messages, likewise
}

// NewKeys derives the keys of a cluster, by its name, from its secrets: the first signs, and
// all verify, so that one can be replaced while nodes run.
func NewKeys(name string, secrets ...[]byte) (*Keys, error) {
	macs, err := deriveAll(name, secrets)
	if err != nil {
		return nil, err
	}
	boxes, err := boxesOf(name, secrets)
	if err != nil {
		return nil, err
	}
	k := &Keys{name: name}
	k.macs.Store(&macs)
	k.boxes.Store(&boxes)
	return k, nil
}

// Replace puts other secrets in the place of those that there are, and reports whether another one signs from now on:
// then [Node.SignAnew] is to be called. After an error the former ones stay.
func (k *Keys) Replace(secrets ...[]byte) (signsAnew bool, err error) {
	macs, err := deriveAll(k.name, secrets)
	if err != nil {
		return false, err
	}
	boxes, err := boxesOf(k.name, secrets)
	if err != nil {
		return false, err
	}
	k.boxes.Store(&boxes)
	before := *k.macs.Swap(&macs)
	return !bytes.Equal(before[0], macs[0]), nil
}

func deriveAll(name string, secrets [][]byte) (macs [][]byte, err error) {
	if len(secrets) == 0 {
		return nil, errors.New("a cluster without a secret")
	}
	for i, secret := range secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("secret %d of the cluster has %d bytes; %d are the least", i+1, len(secret),
				minSecret)
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "usher cluster entries 1 "+name, macSize)
		if err != nil {
			return nil, fmt.Errorf("deriving a key from secret %d of the cluster: %w", i+1, err)
		}
		macs = append(macs, key)
	}
	return macs, nil
}

// sign writes the MAC of a payload at its place: the scope, the node and the field under
// which the engine has it, and its number.
func (k *Keys) sign(mac []byte, scope Scope, s *Sealed, payload []byte) {
	copy(mac, sum((*k.macs.Load())[0], scope, s, payload))
}

// verify reports whether one of the keys signed it.
func (k *Keys) verify(mac []byte, scope Scope, s *Sealed, payload []byte) bool {
	for _, key := range *k.macs.Load() {
		if hmac.Equal(mac, sum(key, scope, s, payload)) {
			return true
		}
	}
	return false
}

func sum(key []byte, scope Scope, s *Sealed, payload []byte) []byte {
	place := make([]byte, 0, 160)
	for _, text := range []string{string(scope), s.Node, s.Field} {
		place = appendText(place, text)
	}
	place = binary.BigEndian.AppendUint64(place, s.Incarnation)
	place = binary.BigEndian.AppendUint64(place, s.Number)
	if s.Drop {
		place = append(place, 1)
	} else {
		place = append(place, 0)
	}
	h := hmac.New(sha256.New, key)
	h.Write(place)
	h.Write(payload)
	return h.Sum(nil)
}
