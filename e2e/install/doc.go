// Package install answers "does the Debian package do what its documentation says?": on a Debian 12 that is booted for
// it, with the tag boot (make test-install). It wants root, systemd-nspawn and a few minutes, so make test leaves it
// out; its maintainer scripts alone are tried without. A machine belongs to its test, which waits for its end; nothing
// here has a lock but a load's counts.
package install
