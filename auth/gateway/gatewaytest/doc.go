// Package gatewaytest helps the tests of the gateway's packages: with both sides
// of a WebSocket, frame by frame, with a web server in Prosody's place, and with
// an authenticator and rooms that keep what they are told. It decides nothing
// that the gateway decides.
//
// Goroutines: those of [Upstream], net/http's, and one for each request that is
// answered later; they end with the test.
package gatewaytest

import "time"

// Timeout is how long tests wait for what should come at once.
const Timeout = 30 * time.Second

const (
	Host = "meet.example.com"         // that clients ask for
	Page = "https://meet.example.com" // whose clients they are
)

// SecretRoom stands in the query of every connection. No log may have it.
const SecretRoom = "secretroom"
