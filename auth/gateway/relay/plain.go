package relay

import (
	"bytes"
	"strings"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// RefuseJoin returns what goes on to a Prosody that verifies no inner tokens in the place
// of a join that is refused for a reason of the closed list; ok is false if the join cannot
// be swapped: then Prosody is asked. The account is a bare JID.
func (o *Options) RefuseJoin(account, reason string, e stanza.Element) (ping []byte, ok bool) {
	r, answered := swap.Refuse(e, swap.ForJoin(reason, reason == reasonEnded))
	if !answered {
		return nil, false
	}
	return o.Swap.Wrap(hostOf(account), account, r)
}

// reasonEnded is the reason for which another login helps.
const reasonEnded = "session_ended"

// MayAnswer reports whether something that Prosody sends may hold an answer to a ping of
// [Options.RefuseJoin].
func MayAnswer(text []byte) bool { return bytes.Contains(text, []byte(swap.Prefix)) }

// Answer returns what the client gets in the place of such an answer, if it is one.
func (o *Options) Answer(account string, e stanza.Element) (answer []byte, ok bool) {
	return o.Swap.Unwrap(hostOf(account), account, e)
}

func hostOf(account string) string {
	_, host, _ := strings.Cut(account, "@")
	return host
}
