// Command server is an OpenID provider for the end-to-end tests: the certified one of zitadel/oidc with the storage of
// its own example, a page with a form, and sessions of its own, under an issuer with a path as Keycloak has it. It is a
// module of its own, so that usher itself depends on no second JOSE library. Package provider starts it.
//
// It reads its configuration as JSON from the standard input, says "ready" on the standard output once it serves, and
// ends at SIGTERM. What no provider has is below /control/: new keys, slowness, and a list of what was asked.
package main
