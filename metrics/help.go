package metrics

import "usher/internal/text"

// help returns the text at a constant's place, or nothing if it has none.
func help[L ~uint8](l L, list []text.Help) text.Help {
	if int(l) >= len(list) {
		return text.Help{}
	}
	return list[l]
}

// Help returns what an operator is told of the ending.
func (e Ending) Help() text.Help {
	return help(e, []text.Help{
		EndedByClient: {
			Meaning: "the client ended it, or its connection broke",
			Cause:   "a page that was closed, or a network that is gone",
			Mend:    "nothing: a client that comes back goes on with its stream",
		},
		EndedByProsody: {
			Meaning: "Prosody ended it, or its connection broke",
			Cause:   "a Prosody that restarts, or that closed the stream",
			Mend:    "look at Prosody's log",
		},
		EndedIdle: {
			Meaning: "nothing came from the client for too long",
			Cause:   "a computer that sleeps, or a network that is gone",
			Mend:    "nothing: a client that comes back goes on with its stream",
		},
		EndedSlow: {
			Meaning: "the client did not take what Prosody sent",
			Cause:   "a network that is slow or gone, or a page that hangs",
			Mend:    "nothing; if there are many, look at the proxy before usher",
		},
		EndedLoginTimeout: {
			Meaning: "there was no login in time",
			Cause:   "something that is no client, or a client that waits for a person",
			Mend:    "nothing, unless people cannot log in: then the reasons of logins say more",
		},
		EndedTooLarge: {
			Meaning: "a stanza over `gateway.max_message_size`",
			Cause:   "a client that sends much at once, such as a picture in a message",
			Mend:    "raise the setting if that is meant",
		},
		EndedOverloaded: {
			Meaning: "no memory is left for large stanzas",
			Cause:   "many large stanzas at the same moment",
			Mend:    "nothing, unless it goes on: then look at what sends so much",
		},
		EndedProtocol: {
			Meaning: "the client broke the protocol of WebSockets",
			Cause:   "something that is no browser, or a proxy that changes what passes",
			Mend:    "look at the proxy before usher",
		},
		EndedPolicy: {
			Meaning: "the client sent before its login what may not pass then",
			Cause:   "a client that registers an account, sends too much, or tries too many logins",
			Mend:    "look at the client: the stream's error told it what was wrong",
		},
		EndedRevoked: {
			Meaning: "an operator ended it",
			Cause:   "`usher sessions revoke`",
			Mend:    "nothing; `usher sessions allow` lets the person in again",
		},
		EndedCut: {
			Meaning: "the account's rights changed, and Prosody has to read them anew",
			Cause:   "a moderator whose token is over, or whose key is gone",
			Mend:    "nothing: the client goes on with its stream in a moment",
		},
		EndedStopped: {
			Meaning: "usher stops",
			Cause:   "a restart",
			Mend:    "nothing: a client that comes back goes on with its stream",
		},
		EndedPanic: {
			Meaning: "a fault of usher",
			Cause:   "its code panicked",
			Mend:    "the log has it; please report it",
		},
	})
}

// Help returns what an operator is told of the refusal.
func (r Refusal) Help() text.Help {
	return help(r, []text.Help{
		RefusedOrigin: {
			Meaning: "pages of this origin may not connect",
			Cause:   "a page of another site, or a public name that `gateway.origins` lacks",
			Mend:    "add the page's origin to `gateway.origins`",
		},
		RefusedConnections: {
			Meaning: "`gateway.max_connections` is reached, or no memory is left for large stanzas",
			Cause:   "more people than the setting is for, or somebody who opens many connections",
			Mend:    "raise the setting, and LimitNOFILE with it",
		},
		RefusedAddress: {
			Meaning: "`gateway.max_connections_per_address` is reached",
			Cause:   "many people behind one address, or a proxy that `gateway.trusted_proxies` lacks",
			Mend:    "add the proxy, or raise the setting",
		},
		RefusedRequest: {
			Meaning: "none that the gateway serves",
			Cause:   "another path or method, something that is no XMPP client, or too many requests of one session",
			Mend:    "look at what the proxy hands on",
		},
		RefusedUpstream: {
			Meaning: "Prosody cannot be reached, or does not serve it",
			Cause:   "a Prosody that is away, another port, or mod_websocket or mod_bosh that is not loaded",
			Mend:    "compare `gateway.upstream` with Prosody's configuration",
		},
		RefusedStopped: {
			Meaning: "usher stops, or has not begun",
			Cause:   "a restart",
			Mend:    "nothing: the client comes back",
		},
		RefusedPanic: {
			Meaning: "a fault of usher",
			Cause:   "its code panicked",
			Mend:    "the log has it; please report it",
		},
	})
}

// Help returns what an operator is told of the loss.
func (l LobbyLoss) Help() text.Help {
	return help(l, []text.Help{
		LostFull: {
			Meaning: "too many waited to be sent",
			Cause:   "a Prosody that is slow, or many who wait at the same moment",
			Mend:    "look at Prosody; `usher lobby knocks` lists who waits",
		},
		LostLate: {
			Meaning: "the room could not be changed in time",
			Cause:   "a Prosody that is slow or away",
			Mend:    "nothing, once Prosody answers: who was let in comes in at the next try",
		},
		LostFailed: {
			Meaning: "Prosody could not be reached",
			Cause:   "usher's component is not connected",
			Mend:    "`usher status` says why",
		},
	})
}
