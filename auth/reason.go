package auth

import (
	"errors"
	"fmt"
	"usher/internal/text"
)

// A Reason says why a login was refused. It is one of the closed list below,
// and the same word in the log, in the metric label and in an explanation.
type Reason string

// The reasons for which [Verifier.Authenticate] refuses.
const (
	ReasonMalformedRequest     Reason = "malformed_request"
	ReasonUnsupportedMechanism Reason = "unsupported_mechanism"
	ReasonUnsupportedRequest   Reason = "unsupported_request"
	ReasonUnknownHost          Reason = "unknown_host"
	ReasonRelayHost            Reason = "relay_host"
	ReasonTokenRequired        Reason = "token_required"
	ReasonMalformed            Reason = "malformed"
	ReasonTokenTooLong         Reason = "token_too_long"
	ReasonBadHeader            Reason = "bad_header"
	ReasonBadClaims            Reason = "bad_claims"
	ReasonUnknownIssuer        Reason = "unknown_issuer"
	ReasonAlgorithmNotAllowed  Reason = "algorithm_not_allowed"
	ReasonUnknownKey           Reason = "unknown_key"
	ReasonBadSignature         Reason = "bad_signature"
	ReasonExpMissing           Reason = "exp_missing"
	ReasonExpired              Reason = "expired"
	ReasonNotYetValid          Reason = "not_yet_valid"
	ReasonLifetimeTooLong      Reason = "lifetime_too_long"
	ReasonAudienceMismatch     Reason = "audience_mismatch"
	ReasonSubjectMismatch      Reason = "subject_mismatch"
	ReasonRoomMissing          Reason = "room_missing"
	ReasonAccountNotAllowed    Reason = "account_not_allowed"
	ReasonAccountMismatch      Reason = "account_mismatch"
	ReasonUnknownTicket        Reason = "unknown_ticket"
	ReasonRevoked              Reason = "revoked"
	ReasonSignInState          Reason = "sign_in_state"
	ReasonSignInRefused        Reason = "sign_in_refused"
	ReasonSignInToken          Reason = "sign_in_token"
	ReasonSignInNotAllowed     Reason = "sign_in_not_allowed"
	ReasonSignInRoom           Reason = "sign_in_room"
	ReasonProviderUnavailable  Reason = "provider_unavailable"
	ReasonStateUnavailable     Reason = "state_unavailable"
	ReasonClusterStale         Reason = "cluster_stale"
	ReasonOverloaded           Reason = "overloaded"
	ReasonKeysUnavailable      Reason = "keys_unavailable"
	ReasonInterrupted          Reason = "interrupted"
	ReasonInternalError        Reason = "internal_error"
)

// Help returns what an operator is told of the reason, or nothing if it is none of
// the list.
func (r Reason) Help() text.Help {
	for i := range reasonList {
		if reasonList[i].reason == r {
			return reasonList[i].help
		}
	}
	return text.Help{}
}

// ClientText returns what the client may see, in English: what is wrong, and
// what a person can do about it.
func (r Reason) ClientText() string { return clientTexts[r] }

// LinkText is ClientText for who came with the token of a link, and has typed no password.
func (r Reason) LinkText() string {
	if r == ReasonMalformed {
		return "The token in the link is not whole. Open your link again, or copy all of it."
	}
	return r.ClientText()
}

// Undecided reports whether r means "cannot decide" rather than "denied". The
// same login may succeed later; nothing was found to be wrong with it.
func (r Reason) Undecided() bool {
	switch r {
	case ReasonProviderUnavailable, ReasonKeysUnavailable, ReasonOverloaded, ReasonStateUnavailable,
		ReasonClusterStale, ReasonInterrupted, ReasonInternalError:
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

	routine bool // an undecided login that no operator has to see to: its key is on the way, or strangers can have many
}

// Routine has the log tell of a refusal among others, and not as an error, also where it decides nothing: strangers can
// have as many of it as they like.
func (r *Refusal) Routine() *Refusal {
	r.routine = true
	return r
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
