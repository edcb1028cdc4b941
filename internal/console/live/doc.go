// Package live answers one question: how does a page that is open learn that it looks different now? Its stream joins a
// [Topic], and sends an event each time that the topic tells of a change ([Topic.Send]); what changed, the page itself
// is asked for. What looks for changes runs while somebody has joined, and once for all of them ([Topic.Run]).
//
// Goroutines: [Topic.Run] has one beside itself, and waits for it. Locks: each Topic has one, held for a moment.
package live
