package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"usher/internal/strictjson"
	"usher/internal/text"
)

// privateMembers are those that only the owner of a key may know: of EC and
// OKP (RFC 7518 section 6.2.2, RFC 8037), RSA (section 6.3.2), and AKP.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "priv"}

// A publishedSecretError says that every reader of the set can sign with one
// of its keys.
type publishedSecretError struct {
	print string // of the public half, if it can be told
	why   string
}

func (e *publishedSecretError) Error() string { return e.why }

// parseJWK reads one public, asymmetric key for signatures (RFC 7517 section
// 4). A member that is null is as if absent. What is not about keys of this
// kind (x5c, x5t, ext …) is not looked at.
func parseJWK(doc *strictjson.Document, n *strictjson.Node) (*Key, error) {
	if err := checkSecretMembers(doc, n); err != nil {
		return nil, err
	}
	if err := checkUse(doc, n); err != nil {
		return nil, err
	}
	id, err := stringMember(doc, n, "kid")
	if err != nil {
		return nil, err
	}
	if len(id) > MaxKeyID {
		return nil, fmt.Errorf("its kid is over %d bytes", MaxKeyID)
	}
	key, err := publicJWK(doc, n)
	if err != nil {
		return nil, err
	}
	key.id = id
	return key, restrict(doc, n, key)
}

// restrict leaves a key the one algorithm that its alg names.
func restrict(doc *strictjson.Document, n *strictjson.Node, key *Key) error {
	alg, err := stringMember(doc, n, "alg")
	if err != nil || alg == "" {
		return err
	}
	if key.only(alg); len(key.verify) == 0 {
		return fmt.Errorf("its alg %q is not one for signatures by a key of its kind", text.Name(alg))
	}
	return nil
}

// checkSecretMembers finds what must not be in a published set.
func checkSecretMembers(doc *strictjson.Document, n *strictjson.Node) error {
	if present(doc.Member(n, "k")) {
		return &publishedSecretError{why: "a shared secret in a published set: whoever can read it can sign; " +
			"its owner must replace it"}
	}
	if !slices.ContainsFunc(privateMembers, func(name string) bool { return present(doc.Member(n, name)) }) {
		return nil
	}
	e := &publishedSecretError{why: "a private key in a published set: whoever can read it can sign; " +
		"its owner must replace it"}
	if key, err := publicJWK(doc, n); err == nil {
		e.print = key.print
	}
	return e
}

// present reports whether a member says something: null and "" do not.
func present(n *strictjson.Node) bool {
	return n != nil && n.Kind != 'n' && !(n.Kind == '"' && len(n.Text) == 0)
}

// checkUse wants a key for signatures (RFC 7517 sections 4.2 and 4.3).
func checkUse(doc *strictjson.Document, n *strictjson.Node) error {
	use, err := stringMember(doc, n, "use")
	if err != nil {
		return err
	}
	if use != "" && use != "sig" {
		return fmt.Errorf("its use is %q, not sig", text.Name(use))
	}
	ops := doc.Member(n, "key_ops")
	if ops == nil || ops.Kind == 'n' {
		return nil
	}
	if ops.Kind != '[' {
		return errors.New("its key_ops is not an array")
	}
	verify := false
	_ = doc.Elements(ops, func(op *strictjson.Node) error {
		verify = verify || op.Kind == '"' && string(op.Text) == "verify"
		return nil
	})
	if !verify {
		return errors.New("its key_ops do not include verify")
	}
	return nil
}

// publicJWK hands the numbers of a key to jwx. Only the members of a public
// key go in, so that nothing else in the JWK can have a meaning there.
func publicJWK(doc *strictjson.Document, n *strictjson.Node) (*Key, error) {
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
	if err := checkType(numbers["kty"], numbers["crv"]); err != nil {
		return nil, err
	}
	text, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	parsed, err := jwk.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("of type %s: %w", numbers["kty"], err)
	}
	var public any
	if err := parsed.Raw(&public); err != nil {
		return nil, err
	}
	return newPublicKey(public)
}

// checkType names the types that are of no use here.
func checkType(kty, curve string) error {
	switch {
	case kty == "":
		return errors.New("it has no kty")
	case kty == "RSA":
		return nil
	case kty == "EC" && slices.Contains([]string{"P-256", "P-384", "P-521"}, curve):
		return nil
	case kty == "EC":
		return fmt.Errorf("its curve is %q, not P-256, P-384 or P-521", text.Name(curve))
	case kty == "OKP" && curve == "Ed25519":
		return nil
	case kty == "OKP":
		return fmt.Errorf("its curve is %q; of these only Ed25519 is supported", text.Name(curve))
	}
	return fmt.Errorf("its kty is %q, not RSA, EC or OKP", text.Name(kty))
}

// stringMember returns a member that must be a string if it is there and not
// null.
func stringMember(doc *strictjson.Document, n *strictjson.Node, name string) (string, error) {
	m := doc.Member(n, name)
	if m == nil || m.Kind == 'n' {
		return "", nil
	}
	if m.Kind != '"' {
		return "", fmt.Errorf("its %s is not a text", name)
	}
	return string(m.Text), nil
}
