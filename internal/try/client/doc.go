// Package client answers one question: what does a server say to one login and one join by XMPP? It speaks over
// WebSocket (RFC 7395), BOSH (XEP-0206) or TCP with STARTTLS (RFC 6120), logs in by PLAIN, OAUTHBEARER or ANONYMOUS,
// joins a room (XEP-0045), and leaves it.
//
// The server is not trusted: a [Stream] reads [MaxBytes] in all and [MaxMessage] at once, and each method ends with its
// context. The stream is written by hand: mellium.im/xmpp v0.22.0 knows addresses by PRECIS (RFC 7622) where Prosody
// has nodeprep, and would refuse or change those under trial.
//
// It starts no goroutine that outlives a call, and has no lock: one goroutine uses a Stream.
package client
