// Package redis is a [cluster.Bus] on Redis 7 or Valkey: how is what the nodes tell each other written, followed and
// read there, and what is a failure of the engine to usher?
//
// The keys of a scope share a hash tag, and begin with usher:v1:{g}: or usher:v1:{c:CELL}:
//
//	log        stream: n node, f field, e the entry, d whether it drops the field
//	node:NODE  hash: what NODE last said under each field
//	last       hash: of each node its incarnation and its last number
//	nodes      set: the nodes that have a hash
//	lease      hash: holder, number, and until when by the engine's clock
//
// An entry is the incarnation and the number, eight bytes each, most significant first, and the value.
//
// The package starts no goroutine that outlives a call; the client library starts one where a connection fails, to end
// it. A connection speaks one command or one pipeline at a time, so no caller waits behind another for longer than a
// context or a timeout lasts. Locks: that of the bus, or that of a link, never one inside the other.
package redis
