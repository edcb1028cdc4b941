package auth

import (
	"errors"
	"fmt"
)

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
	ReasonMalformed            Reason = "malformed"             // not three base64url parts
	ReasonTokenTooLong         Reason = "token_too_long"        // over max_token_size
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
	ReasonKeysUnavailable      Reason = "keys_unavailable"      // cannot decide: the token's key is still to be fetched
	ReasonInternalError        Reason = "internal_error"        // cannot decide: a fault of our own
)

// What a person can do.
const (
	askForNew = " Ask for a new link or token."
	tellThem  = " Tell those who gave you the link or token."
	tellHost  = " Tell the operator of this server."
	tryAgain  = " Try again in a minute."
)

// clientTexts holds the outside half of each refusal: what somebody who only
// holds a token may know, and can do. Everything about keys and signatures reads
// the same. There is no apostrophe in them, which Jitsi shows as &#39;.
var clientTexts = map[Reason]string{
	ReasonMalformedRequest: "The login could not be read. Open your link again, or update your app.",
	ReasonUnsupportedMechanism: "This login mechanism is not offered. Open your link again, or log in with a " +
		"token as the password.",
	ReasonUnsupportedRequest:  "This is not offered here. Log in with a link or token instead.",
	ReasonUnknownHost:         "Logins with a token are not set up for this host." + tellHost,
	ReasonTokenRequired:       "A token is required. Open the link that you were given, or ask for one.",
	ReasonMalformed:           "The password is not a token. Open your link again, or copy the whole token.",
	ReasonTokenTooLong:        "The token is too long for this server." + tellThem,
	ReasonBadHeader:           "The header of the token is not acceptable." + tellThem,
	ReasonBadClaims:           "What stands in the token is not acceptable." + tellThem,
	ReasonUnknownIssuer:       "The token is from an issuer that is not known here." + tellThem,
	ReasonAlgorithmNotAllowed: "The signature of the token is not valid." + askForNew,
	ReasonUnknownKey:          "The signature of the token is not valid." + askForNew,
	ReasonBadSignature:        "The signature of the token is not valid." + askForNew,
	ReasonExpMissing:          "The token has no expiry." + tellThem,
	ReasonExpired:             "The token has expired." + askForNew,
	ReasonNotYetValid:         "The token is not valid yet. Try again later, or look at the time that you were given.",
	ReasonLifetimeTooLong:     "The token is valid for too long." + tellThem,
	ReasonAudienceMismatch:    "The token is for another audience." + tellThem,
	ReasonSubjectMismatch:     "The token is for another domain." + tellThem,
	ReasonRoomMissing:         "The token names no room." + tellThem,
	ReasonAccountNotAllowed:   "The account name in the token is not allowed here." + tellThem,
	ReasonAccountMismatch:     "The token belongs to another account. Log in under the name that it is for.",
	ReasonUnknownTicket:       "The login ticket is not valid any more. Log in again.",
	ReasonRevoked:             "The token is not valid any more." + askForNew,
	ReasonStateUnavailable:    "Logins cannot be checked at the moment." + tryAgain,
	ReasonOverloaded:          "Logins cannot be checked at the moment." + tryAgain,
	ReasonKeysUnavailable:     "Logins cannot be checked at the moment." + tryAgain,
	ReasonInternalError:       "Logins cannot be checked at the moment." + tryAgain,
}

// Reasons returns the closed list of reasons in no particular order.
func Reasons() []Reason {
	list := make([]Reason, 0, len(clientTexts))
	for r := range clientTexts {
		list = append(list, r)
	}
	return list
}

// ClientText returns what the client may see, in English: what is wrong, and
// what a person can do about it.
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
// Detail is for the operator only, and holds neither token nor secret: what is
// wrong, and after a semicolon what to change: the setting, the claim or the
// client.
type Refusal struct {
	Reason Reason
	Detail string

	routine bool // an undecided login that nobody has to see to: its key is on the way
}

// Error returns the inside half, for logs and explanations.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Reason)
	}
	return string(r.Reason) + ": " + r.Detail
}

// Refuse returns a Refusal whose detail is formatted. Names that came from
// outside belong in with %q and through [text.Name].
func Refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// RefusalOf returns the refusal that an error is: a door that is given another
// error answers that it cannot decide. It is nil for no error.
func RefusalOf(err error) *Refusal {
	if err == nil {
		return nil
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal != nil && refusal.Reason != "" {
		return refusal
	}
	return Refuse(ReasonInternalError, "an error that is no refusal; report it")
}
