// Package probe answers one question: does Prosody take what usher hands it, and if not,
// which step is missing?
//
// For each host with a relay a [Prober] logs in at Prosody's own HTTP server (BOSH), past
// the gateway, with an inner token of a few seconds, then without one and with one that is
// broken, and as a guest at the hosts of its guests, and reads what Prosody says. It binds
// no account, joins no room, and ends each session at once. What it finds is a [Finding]:
// for the log, and for usher status. It tries at the start, after a reload, when Prosody
// has come back, and again while a step is missing. It decides nothing, and nobody waits
// for it for longer than the caller says.
//
// Goroutines: [Prober.Run] is a task of the daemon, and does everything. Locks: one, of the
// last findings, held for a moment.
package probe
