package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// A keyPair signs by one algorithm, and verifies.
type keyPair struct {
	alg    *Algorithm
	signer SigningKey
	public any // or the secret
	key    *Key
}

// keyPairs returns one for each algorithm, in the order of the list.
func keyPairs(t testing.TB) (pairs []keyPair) {
	t.Helper()
	secret := []byte(rand.Text() + rand.Text() + rand.Text())
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range algorithmList {
		a := &algorithmList[i]
		p := keyPair{alg: a, key: newSecretKey(secret, "secret", false), public: secret}
		if a.kind != kindHMAC {
			var signer crypto.Signer = private
			switch a.kind {
			case kindEC:
				signer = must(ecdsa.GenerateKey(a.curve, rand.Reader))
			case kindOKP:
				signer = edwards
			}
			p.public, p.key = signer.Public(), must(newPublicKey(signer.Public()))
			p.signer = must(newSigningKey(signer, a.kind, a.String()))
		} else {
			p.signer = must(SecretSigningKey(secret, a.String()))
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// verifies asks the key, and holds that it leaves the right sum.
func (p keyPair) verifies(t *testing.T, text, signature []byte) bool {
	t.Helper()
	input := NewInput(append(bytes.Clone(text), '.'))
	good := p.key.Verifies(p.alg, &input, signature)
	if want := sha256.Sum256(append(bytes.Clone(text), '.')); input.Sum() != want {
		t.Errorf("%s: the sum of %q is %x", p.alg, text, input.Sum())
	}
	return good
}

// byJWX asks jwx's own verifier, and jwx about the whole token.
func (p keyPair) byJWX(t *testing.T, input, signature []byte) bool {
	t.Helper()
	verifier := must(jws.NewVerifier(p.alg.name))
	alone := verifier.Verify(input, signature, p.public) == nil
	token := append(append([]byte{}, input...), '.')
	_, err := jws.Verify(base64.RawURLEncoding.AppendEncode(token, signature), jws.WithKey(p.alg.name, p.public))
	if alone != (err == nil) && len(signature) > 0 {
		t.Errorf("%s: jwx's verifier says %v, jwx of the token %v", p.alg, alone, err)
	}
	return alone
}

// otherSalt reports whether a signature that jwx takes has a salt that is not as long as
// the hash: that is the one thing in which the two may differ.
func (p keyPair) otherSalt(input, signature []byte) bool {
	if !p.alg.pss {
		return false
	}
	h := p.alg.hash.New()
	h.Write(input)
	auto := rsa.VerifyPSS(p.public.(*rsa.PublicKey), p.alg.hash, h.Sum(nil), signature, nil) == nil
	h.Reset()
	h.Write(input)
	return auto && rsa.VerifyPSS(p.public.(*rsa.PublicKey), p.alg.hash, h.Sum(nil), signature,
		&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) != nil
}

// An edit makes another signature of a good one.
type edit uint8

const (
	none edit = iota
	flip
	cut
	longer
	other   // wholly another
	zeroR   // the first half
	zeroS   // the second half
	negated // S, which some curves' readers take as well
	beyond  // R and the order of the curve, which is the same number to whom it matters not
	padded  // a zero byte before each half
	edits
)

func (e edit) of(signature, text []byte, a *Algorithm) []byte {
	s := bytes.Clone(signature)
	half := len(s) / 2
	switch e {
	case flip:
		for i, b := range text {
			s[(i*7+int(b))%len(s)] ^= b
		}
	case cut:
		s = s[:len(s)-min(len(s), len(text)+1)]
	case longer:
		s = append(s, append(text, 0)...)
	case other:
		s = text
	case zeroR:
		clear(s[:half])
	case zeroS:
		clear(s[half:])
	case negated, beyond:
		if a.kind != kindEC {
			return s
		}
		order, number := a.curve.Params().N, new(big.Int)
		if e == negated {
			number.Sub(order, number.SetBytes(s[half:])).FillBytes(s[half:])
		} else if number.Add(order, number.SetBytes(s[:half])); number.BitLen() <= 8*half {
			number.FillBytes(s[:half])
		}
	case padded:
		s = append(append(append([]byte{0}, s[:half]...), 0), s[half:]...)
	}
	return s
}

// compare holds that a key takes exactly the signatures that jwx takes, but for PSS's salts.
func (p keyPair) compare(t *testing.T, payload, text []byte, e edit) {
	t.Helper()
	header := `{"alg":"` + p.alg.name.String() + `"}`
	input := base64.RawURLEncoding.AppendEncode(nil, []byte(header))
	input = base64.RawURLEncoding.AppendEncode(append(input, '.'), append([]byte("x"), payload...))
	signature := e.of(must(p.signer.Sign(input)), text, p.alg)
	got, want := p.verifies(t, input, signature), p.byJWX(t, input, signature)
	if got != want && (got || !p.otherSalt(input, signature)) {
		t.Errorf("%s: %v of %x for %q, by jwx %v", p.alg, got, signature, input, want)
	}
	if e == none && !got {
		t.Errorf("%s: a good signature of %q was refused: %x", p.alg, input, signature)
	}
	if p.verifies(t, append(input, 'A'), signature) {
		t.Errorf("%s: a signature of %q was taken for another text: %x", p.alg, input, signature)
	}
}

func TestSameAsJWX(t *testing.T) {
	for _, p := range keyPairs(t) {
		for e := range edits {
			for _, text := range []string{"", "\x00", "\x01", "\x80\x00\xff", "some text"} {
				p.compare(t, []byte("payload"), []byte(text), e)
			}
		}
	}
}

// FuzzSameAsJWX looks for a signature that one of the two takes alone.
func FuzzSameAsJWX(f *testing.F) {
	pairs := keyPairs(f)
	for i := range pairs {
		for e := range edits {
			f.Add(uint8(i), uint8(e), []byte("payload"), []byte("\x01"))
		}
	}
	f.Fuzz(func(t *testing.T, i, e uint8, payload, text []byte) {
		pairs[int(i)%len(pairs)].compare(t, payload, text, edit(e)%edits)
	})
}

// TestPSSSalts: jwx takes a salt of any length, a key here only that of the standard.
func TestPSSSalts(t *testing.T) {
	for _, p := range keyPairs(t) {
		if !p.alg.pss {
			continue
		}
		private := p.signer.key.(*rsa.PrivateKey)
		for salt, good := range map[int]bool{p.alg.hash.Size(): true, 8: false, p.alg.hash.Size() + 1: false} {
			h := p.alg.hash.New()
			h.Write([]byte("a.b"))
			signature := must(rsa.SignPSS(rand.Reader, private, p.alg.hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt}))
			if got := p.verifies(t, []byte("a.b"), signature); got != good {
				t.Errorf("%s with a salt of %d bytes: %v", p.alg, salt, got)
			}
		}
	}
}

// FuzzDER holds that two numbers, of the length of any curve, are written as encoding/asn1 writes them.
func FuzzDER(f *testing.F) {
	f.Add([]byte{}, []byte{0})
	f.Add([]byte{0, 0x80}, []byte{0x7f})
	f.Add(bytes.Repeat([]byte{0xff}, 66), bytes.Repeat([]byte{0xff}, 66))
	f.Add(elliptic.P384().Params().N.Bytes(), elliptic.P384().Params().N.Bytes())
	f.Fuzz(func(t *testing.T, r, s []byte) {
		const longest = 66 // of P-521
		if len(r) > longest || len(s) > longest {
			return
		}
		got := appendDER(nil, r, s)
		want := must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)}))
		if !bytes.Equal(got, want) {
			t.Errorf("%x and %x are written %x, not %x", r, s, got, want)
		}
	})
}
