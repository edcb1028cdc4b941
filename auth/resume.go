package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"usher/auth/localpart"
)

// maxResumption bounds the identifiers of streams that are remembered, in
// bytes. Prosody's have less than 40.
const maxResumption = 256

// ResumptionPrint is what [Sessions] know a stream by that can be resumed: 32
// hexadecimal characters for its identifier, which is a secret, and the token
// that it was logged in with. It is empty for an identifier that is never
// remembered, as it is empty or over 256 bytes long.
func ResumptionPrint(host, tokenPrint, resumption string) string {
	if resumption == "" || len(resumption) > maxResumption {
		return ""
	}
	sum := sha256.Sum256([]byte(tokenPrint + "\x00" + host + "\x00" + resumption))
	return hex.EncodeToString(sum[:16])
}

// Remember has the account of a ticket be taken again by whoever resumes the
// stream that logged in with it, with the same token: Prosody lets nobody else
// resume it. Once it returns nil a killed daemon still knows it. A token that
// names an account needs no such memory, and an identifier over 256 bytes gets
// none; neither is an error. A ticket that was not used, or whose session has
// ended, is [ErrNoSession].
func (v *Verifier) Remember(ctx context.Context, t Ticket, resumption string) error {
	if !t.Random {
		return nil
	}
	return v.sessions.Remember(ctx, t.Host, t.Account, t.tokenPrint, resumption)
}

// unnamed returns the account of a login whose token names none: that of the
// stream that the client wants to resume, or a new one.
func (a *attempt) unnamed() string {
	if a.Resumption != "" {
		if account, ok := a.sessions.Resumable(a.id.Host, a.id.TokenPrint, a.Resumption); ok {
			return account
		}
	}
	return localpart.Random()
}
