package lobby

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// KnockIDLength is the length of a [Knock.ID], in characters.
const KnockIDLength = 16

// id names one wait: who comes back after a verdict, or after the room let the account in, waits under another ID. It
// is made of room, account and the moment of the first try, so that all ushers of a cell call it the same. It is no
// secret: whoever decides has to have the right to.
func (k *Knock) id() string {
	h := sha256.New()
	for _, text := range []string{k.Room, k.JID} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(text))) // a hash takes everything
		h.Write([]byte(text))
	}
	_ = binary.Write(h, binary.BigEndian, k.First.UnixNano())
	return hex.EncodeToString(h.Sum(nil))[:KnockIDLength]
}

// find returns the wait of an ID in a room.
func (k *knocks) find(room, id string) (Knock, bool) {
	for _, v := range k.appendOf(nil, room) {
		if v.ID == id {
			return v, true
		}
	}
	return Knock{}, false
}

// KnockWaits reports whether there is a wait of an ID in a room.
func (l *Lobby) KnockWaits(room, id string) bool {
	_, waits := l.knocks.find(room, id)
	return waits
}
