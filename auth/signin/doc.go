// Package signin is the door for people without a token: it sends them to the host's OpenID provider, and gives them
// a Jitsi token for the one room that they came for. It answers one question: whom has the provider signed in, and
// what may usher give them for it?
//
// The way of one sign-in: GET /login finds the host, the room and the page, and sends the person to the provider with
// a state, a nonce and a PKCE challenge; what it needs to go on is in a sealed cookie of the browser, and nothing of it
// is kept here. GET /login/callback/HOST takes the provider's answer, once for each state; exchanges the code (package
// oidc); runs the ID token through usher's own list of checks, by rules that are no door's; and sends the person
// back to the page with a token of the internal issuer [Issuer]. POST /login/logout ends the sessions of the tokens
// that this browser was given, and sends the person to the provider to sign out there.
//
// Each sign-in that ends is a decision, counted and logged like those of other doors; so is each that is refused.
//
// Goroutines: [Server.Run] starts one for each provider, and one that keeps the keys of ID tokens fresh; it waits for
// all of them. A request is served in its caller's.
//
// Locks: those of the tables of used states and of addresses, and one of the changes of providers. None is held while
// another is taken, nor while anything is asked or logged.
package signin
