package dovecot

import (
	"encoding/base64"
	"strconv"

	"usher/auth"
)

// emptyChallenge stands for a challenge without content. With nothing at all
// after the id, Prosody's module ends in a Lua error and the login hangs.
const emptyChallenge = "="

// bearerFailure is the challenge that tells an OAUTHBEARER client why it was
// refused (RFC 7628 section 3.2.2).
const bearerFailure = `{"status":"invalid_token"}`

func appendHead(dst []byte, word string, id uint32) []byte {
	dst = append(dst, word...)
	return strconv.AppendUint(append(dst, '\t'), uint64(id), 10)
}

// appendOK appends the line that lets the client in as account, unescaped.
func appendOK(dst []byte, id uint32, account string) []byte {
	dst = append(appendHead(dst, "OK", id), "\tuser="...)
	return append(appendEscaped(dst, account), '\n')
}

// appendFail appends the line that refuses. Prosody understands the bare word
// temp; code=temp_fail is for clients of Dovecot 2.3 and later.
func appendFail(dst []byte, id uint32, reason auth.Reason) []byte {
	dst = appendHead(dst, "FAIL", id)
	if text := reason.ClientText(); text != "" {
		dst = appendEscaped(append(dst, "\treason="...), text)
	}
	if reason.Undecided() {
		dst = append(dst, "\ttemp\tcode=temp_fail"...)
	}
	return append(dst, '\n')
}

// appendChallenge appends the line that asks the client for a response.
func appendChallenge(dst []byte, id uint32, challenge string) []byte {
	dst = append(appendHead(dst, "CONT", id), '\t')
	if challenge == "" {
		dst = append(dst, emptyChallenge...)
	} else {
		dst = base64.StdEncoding.AppendEncode(dst, []byte(challenge))
	}
	return append(dst, '\n')
}
