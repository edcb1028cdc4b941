// Package oidc answers one question: what does an OpenID provider say of who has signed in there? It knows the
// provider's side of the authorization code flow: where the provider is (OpenID Connect Discovery 1.0), where a person
// is sent (RFC 6749 section 4.1, with PKCE, RFC 7636), and what a code is exchanged for. It verifies no ID token: that
// is the list of checks of package auth.
//
// A [Provider] asks nobody but the addresses that its metadata name, each checked when it is dialled; follows no
// redirect but the discovery's on the same server; reads bounded bodies; and takes few codes at once. No error of it
// holds a URL, a code or a secret.
//
// Goroutines: [Provider.Run] runs in its caller's, and asks for the metadata until its context ends. Everything else
// runs in the caller's, and takes no lock but that of the last failure, which is held for a moment.
package oidc
