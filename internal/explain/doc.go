// Package explain answers one question: why is a token let in, or refused, and what would it be in a room? It runs
// the checks of auth and of moderation and puts their lines into one report, for a command, a page or an operator's
// request.
//
// An [Explainer] decides as the daemon would, without log and metrics, from a configuration of its own, or as
// the running daemon itself ([Running]); what only a running daemon knows (revocations) it asks for by a function that
// it is given. [New] starts one goroutine, which
// fetches keys and ends at [Explainer.Close]. It holds no lock: one goroutine uses an Explainer at a time.
package explain
