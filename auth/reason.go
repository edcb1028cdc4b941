package auth

import "fmt"

// A Reason says why a login was refused. It is one of the closed list below,
// and the same word in the log, in the metric label and in an explanation.
type Reason string

// The reasons for which [Verifier.Authenticate] refuses.
const (
	ReasonMalformedRequest     Reason = "malformed_request"     // the door could not read what its peer sent
	ReasonUnsupportedMechanism Reason = "unsupported_mechanism" // a SASL mechanism that was not announced
	ReasonUnsupportedRequest   Reason = "unsupported_request"   // a request that a door knows and usher does not do, such as setpass
	ReasonUnknownHost          Reason = "unknown_host"          // no such host in the configuration
	ReasonTokenRequired        Reason = "token_required"        // a login without a token
	ReasonMalformed            Reason = "malformed"             // not three base64url parts, or over the size limit
	ReasonBadHeader            Reason = "bad_header"            // the header is no strict JSON, or asks for what is never granted
	ReasonBadClaims            Reason = "bad_claims"            // the claims are no strict JSON, or one has the wrong type
	ReasonUnknownIssuer        Reason = "unknown_issuer"        // iss is absent, or not an issuer of this host
	ReasonAlgorithmNotAllowed  Reason = "algorithm_not_allowed" // alg is not in the issuer's list
	ReasonUnknownKey           Reason = "unknown_key"           // no key of the issuer fits alg and kid
	ReasonBadSignature         Reason = "bad_signature"         // no fitting key made this signature
	ReasonExpMissing           Reason = "exp_missing"           // no exp, and the issuer requires it
	ReasonExpired              Reason = "expired"               // at or after exp
	ReasonNotYetValid          Reason = "not_yet_valid"         // before nbf
	ReasonLifetimeTooLong      Reason = "lifetime_too_long"     // exp - iat is over max_lifetime
	ReasonAudienceMismatch     Reason = "audience_mismatch"     // aud names none of the issuer's audiences
	ReasonSubjectMismatch      Reason = "subject_mismatch"      // sub is not what the host's subject setting wants
	ReasonRoomMissing          Reason = "room_missing"          // no room, and the issuer requires it
	ReasonAccountNotAllowed    Reason = "account_not_allowed"   // the account claim cannot be a localpart here
	ReasonAccountMismatch      Reason = "account_mismatch"      // the client calls itself something else
	ReasonUnknownTicket        Reason = "unknown_ticket"        // a login ticket that was used, has expired or was never given
	ReasonRevoked              Reason = "revoked"               // the token's session was revoked
	ReasonStateUnavailable     Reason = "state_unavailable"     // cannot decide: the session cannot be recorded
	ReasonOverloaded           Reason = "overloaded"            // cannot decide: a bound of our own is reached
	ReasonKeysUnavailable      Reason = "keys_unavailable"      // cannot decide: the issuer's keys were never fetched
	ReasonInternalError        Reason = "internal_error"        // cannot decide: a fault of our own
)

// clientTexts holds the outside half of each refusal: what somebody who only
// holds a token may know. Everything about keys and signatures reads the same.
var clientTexts = map[Reason]string{
	ReasonMalformedRequest:     "The login request could not be read.",
	ReasonUnsupportedMechanism: "This login mechanism is not offered.",
	ReasonUnsupportedRequest:   "This is not offered here.",
	ReasonUnknownHost:          "Logins with a token are not set up for this host.",
	ReasonTokenRequired:        "A token is required.",
	ReasonMalformed:            "The password is not a token.",
	ReasonBadHeader:            "The token's header is not acceptable.",
	ReasonBadClaims:            "The token's claims are not acceptable.",
	ReasonUnknownIssuer:        "The token is from an issuer that is not known here.",
	ReasonAlgorithmNotAllowed:  "The token's signature is not valid.",
	ReasonUnknownKey:           "The token's signature is not valid.",
	ReasonBadSignature:         "The token's signature is not valid.",
	ReasonExpMissing:           "The token has no expiry.",
	ReasonExpired:              "The token has expired.",
	ReasonNotYetValid:          "The token is not valid yet.",
	ReasonLifetimeTooLong:      "The token is valid for too long.",
	ReasonAudienceMismatch:     "The token is for another audience.",
	ReasonSubjectMismatch:      "The token is for another domain.",
	ReasonRoomMissing:          "The token names no room.",
	ReasonAccountNotAllowed:    "The token's account name is not allowed here.",
	ReasonAccountMismatch:      "The token belongs to another account.",
	ReasonUnknownTicket:        "The login ticket is not valid any more.",
	ReasonRevoked:              "The token is not valid any more.",
	ReasonStateUnavailable:     "Logins cannot be checked at the moment.",
	ReasonOverloaded:           "Logins cannot be checked at the moment.",
	ReasonKeysUnavailable:      "Logins cannot be checked at the moment.",
	ReasonInternalError:        "Logins cannot be checked at the moment.",
}

// Reasons returns the closed list of reasons in no particular order.
func Reasons() []Reason {
	list := make([]Reason, 0, len(clientTexts))
	for r := range clientTexts {
		list = append(list, r)
	}
	return list
}

// ClientText returns the sentence that the client may see, in English.
func (r Reason) ClientText() string { return clientTexts[r] }

// Undecided reports whether r means "cannot decide" rather than "denied". The
// same login may succeed later; nothing was found to be wrong with it.
func (r Reason) Undecided() bool {
	switch r {
	case ReasonKeysUnavailable, ReasonOverloaded, ReasonStateUnavailable, ReasonInternalError:
		return true
	}
	return false
}

// A Refusal is the answer no. Reason has an outside half (its ClientText);
// Detail is for the operator only, and holds neither token nor secret.
type Refusal struct {
	Reason Reason
	Detail string
}

// Error returns the inside half, for logs and explanations.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Reason)
	}
	return string(r.Reason) + ": " + r.Detail
}

// Refuse returns a Refusal whose detail is formatted. Names that came from
// outside belong in with %q and through [clip].
func Refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// clip cuts a text of unknown origin for a log line or an explanation.
func clip[T ~string | ~[]byte](s T) string {
	const most = 64
	if len(s) <= most {
		return string(s)
	}
	return string(s[:most]) + "…"
}
