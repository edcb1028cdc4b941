package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// maxSetKeys bounds the keys of one JWK set. Real sets have two or three.
const maxSetKeys = 64

// parseJWKSet reads a JWK set (RFC 7517 section 5) that came from a URL. A
// key that is of no use here (an unknown type or curve, for encryption, too
// weak) is left out and described in skipped, so that it does not take the
// others down with it. A set that mixes in a secret or a private key, or
// names one kid twice, is refused as a whole.
func parseJWKSet(text []byte) (keys []*Key, skipped []string, err error) {
	var doc document
	if err := doc.read(text); err != nil {
		return nil, nil, fmt.Errorf("JWK set: %w", err)
	}
	array := doc.get("keys")
	if array == nil || array.kind != '[' {
		return nil, nil, errors.New(`JWK set: no array "keys"`)
	}
	i := 0
	err = doc.elements(array, func(n *node) error {
		key, err := parseJWK(&doc, n)
		switch unusable := (*unusableKeyError)(nil); {
		case errors.As(err, &unusable):
			skipped = append(skipped, fmt.Sprintf("key %d: %s", i, unusable.why))
		case err != nil:
			return fmt.Errorf("JWK set: key %d: %w", i, err)
		default:
			keys = append(keys, key)
		}
		i++
		return checkSet(keys)
	})
	if err != nil {
		return nil, nil, err
	}
	return keys, skipped, nil
}

func checkSet(keys []*Key) error {
	if len(keys) > maxSetKeys {
		return fmt.Errorf("JWK set: more than %d keys", maxSetKeys)
	}
	if len(keys) == 0 {
		return nil
	}
	last := keys[len(keys)-1]
	if last.id != "" && slices.ContainsFunc(keys[:len(keys)-1], func(k *Key) bool { return k.id == last.id }) {
		return fmt.Errorf("JWK set: two keys with the kid %q", clip(last.id))
	}
	return nil
}

// An unusableKeyError says why one key of a set is left out.
type unusableKeyError struct{ why string }

func (e *unusableKeyError) Error() string { return e.why }

// parseJWK reads one public, asymmetric key.
func parseJWK(doc *document, n *node) (*Key, error) {
	if n.kind != '{' {
		return nil, errors.New("not an object")
	}
	if err := checkJWK(doc, n); err != nil {
		return nil, err
	}
	key, err := publicJWK(doc, n)
	if err != nil {
		return nil, &unusableKeyError{err.Error()}
	}
	if key.id, err = stringMember(doc, n, "kid"); err != nil {
		return nil, err
	}
	if len(key.id) > maxKeyID {
		return nil, &unusableKeyError{fmt.Sprintf("its kid is over %d bytes", maxKeyID)}
	}
	alg, err := stringMember(doc, n, "alg")
	if err != nil {
		return nil, err
	}
	if alg != "" {
		if key.only(alg); len(key.verify) == 0 {
			return nil, &unusableKeyError{fmt.Sprintf("its alg %q is not of its type", clip(alg))}
		}
	}
	return key, nil
}

// checkJWK refuses what must not be in a published set, and skips what is
// not for signatures.
func checkJWK(doc *document, n *node) error {
	kty, err := stringMember(doc, n, "kty")
	if err != nil {
		return err
	}
	if kty == "oct" || doc.member(n, "k") != nil {
		return errors.New("a shared secret in a published set; everybody who can read it can sign")
	}
	if doc.member(n, "d") != nil {
		return errors.New("a private key in a published set; its owner must replace it")
	}
	use, err := stringMember(doc, n, "use")
	if err != nil {
		return err
	}
	if use != "" && use != "sig" {
		return &unusableKeyError{fmt.Sprintf("its use is %q, not sig", clip(use))}
	}
	return checkKeyOps(doc, n)
}

// checkKeyOps wants "verify" among key_ops if there are any (RFC 7517 section 4.3).
func checkKeyOps(doc *document, n *node) error {
	ops := doc.member(n, "key_ops")
	if ops == nil {
		return nil
	}
	if ops.kind != '[' {
		return errors.New("key_ops is not an array")
	}
	verify := false
	_ = doc.elements(ops, func(op *node) error {
		verify = verify || op.kind == '"' && string(op.text) == "verify"
		return nil
	})
	if !verify {
		return &unusableKeyError{"its key_ops do not include verify"}
	}
	return nil
}

// publicJWK hands the numbers of a key to jwx. Only the members of a public
// key go in, so that nothing else in the JWK can have a meaning there.
func publicJWK(doc *document, n *node) (*Key, error) {
	numbers := map[string]string{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		value, err := stringMember(doc, n, name)
		if err != nil {
			return nil, err
		}
		if value != "" {
			numbers[name] = value
		}
	}
	text, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	parsed, err := jwk.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("of type %q: %w", clip(numbers["kty"]), err)
	}
	var public any
	if err := parsed.Raw(&public); err != nil {
		return nil, err
	}
	return newPublicKey(public)
}

// stringMember returns a member that must be a string if it is there.
func stringMember(doc *document, n *node, name string) (string, error) {
	m := doc.member(n, name)
	if m == nil {
		return "", nil
	}
	if m.kind != '"' {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return string(m.text), nil
}
