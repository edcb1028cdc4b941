// Package httpauth answers the modules of Prosody that ask a web server about
// logins (mod_auth_http, mod_auth_http_async, mod_auth_custom_http,
// mod_auth_oauth_external), and gives out tickets.
//
// Each module understands an answer of its own as a yes: a 200 with the body
// true, any 2xx, the body true whatever the status, a JSON object with a name.
// A refusal of this package is none of these, whichever module reads it: its
// status is never 2xx, and its body never true.
//
// Who may ask is said in one place, the [httpd.Admission] around the door, before
// anything else is read. No URL, header or body is ever logged: they carry tokens
// and the door's own secret.
//
// It starts no goroutine and has no lock.
package httpauth
