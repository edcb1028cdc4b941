package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A state is what one sign-in needs to go on once the person is back from the provider. It is in a cookie, sealed.
type state struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`           // of PKCE
	Room     string `json:"r,omitempty"` // as the page's address has it, decoded
	Tenant   string `json:"t,omitempty"` // likewise
	Page     string `json:"p,omitempty"` // one of the host's pages
	Params   string `json:"h,omitempty"` // the room's own hash parameters, in the form that goes back
	App      string `json:"a,omitempty"` // the kind of app that is waited for; empty: the page
	Console  bool   `json:"c,omitempty"` // it is for usher's console

	begun time.Time // is beside the sealed part, and bound to it
}

const (
	stateLasts = 10 * time.Minute
	stateBytes = 16 // of randomness
	nameLength = 8  // characters of the state in the cookie's name
)

// newRandom draws a text of stateBytes: 22 characters of base64url.
func newRandom() string {
	b := make([]byte, stateBytes)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// isRandom reports whether a text is one that newRandom can have drawn.
func isRandom(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == stateBytes
}

const (
	sealPurpose  = "usher login cookie 1"
	tokenPurpose = "usher login token 1 "
)

// TokenSecret derives from a secret of login.secret_files the one that the tokens of a host are signed with: 64
// hexadecimal characters.
func TokenSecret(secret []byte, host string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, tokenPurpose+host, sha256.Size)
	return hex.AppendEncode(nil, key), err
}

// A sealer seals what is kept in cookies. The first key seals, each of them opens.
type sealer []cipher.AEAD

func newSealer(secrets [][]byte) (sealer, error) {
	var s sealer
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, sealPurpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		box, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		s = append(s, box)
	}
	if len(s) == 0 {
		return nil, errors.New("no secret to seal with")
	}
	return s, nil
}

// headLength is of what stands before the sealed part: the time, in seconds since 1970.
const headLength = 8

// bound is what a sealed cookie is bound to: its host, its name and its time. Neither host nor name has a NUL.
func bound(host, name string, head []byte) []byte {
	return append(fmt.Appendf(nil, "%s\x00%s\x00", host, name), head...)
}

// seal returns the value of a cookie.
func (s sealer) seal(host, name string, begun time.Time, v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	head := binary.BigEndian.AppendUint64(nil, uint64(begun.Unix()))
	return base64.RawURLEncoding.EncodeToString(s[0].Seal(head, nil, plain, bound(host, name, head))), nil
}

var errNotOurs = errors.New("the cookie is none of this host's")

// open reads the value of a cookie, and when it was sealed. On an error nothing of v is to be used.
func (s sealer) open(host, name, value string, v any) (begun time.Time, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(sealed) < headLength || len(value) > maxCookie {
		return time.Time{}, errNotOurs
	}
	head, rest := sealed[:headLength:headLength], sealed[headLength:]
	for _, box := range s {
		plain, err := box.Open(nil, nil, rest, bound(host, name, head))
		if err != nil {
			continue
		}
		if err := json.Unmarshal(plain, v); err != nil {
			return time.Time{}, errNotOurs
		}
		return sealedAt(head), nil
	}
	return time.Time{}, errNotOurs
}

// sealedAt reads the time that stands before the sealed part.
func sealedAt(head []byte) time.Time { return time.Unix(int64(binary.BigEndian.Uint64(head)), 0) }
