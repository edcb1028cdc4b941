// Package haproxy starts a real HAProxy, as Debian packages it, with the configuration that usher gives to operators of
// several Prosodys. Its tests ask: do all people of a room come to one Prosody?
package haproxy
