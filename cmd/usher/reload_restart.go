package main

import (
	"fmt"
	"slices"
	"strings"
)

// needsRestart names everything that changed and that only a new process can
// take over, with its place.
func needsRestart(old, next *config, file string) []problem {
	var list []problem
	differs := func(key string, was, is any) {
		if fmt.Sprint(was) == fmt.Sprint(is) {
			return
		}
		line, column := next.document.place(strings.Split(key, ".")...)
		list = append(list, problem{File: file, Line: line, Column: column, Mend: "systemctl restart usher",
			Text: printable(fmt.Sprintf("%s changed from %v to %v, which needs a restart", key, orNothing(was), orNothing(is)))})
	}
	differs("listen.dovecot", old.listen.dovecot, next.listen.dovecot)
	differs("listen.extauth", old.listen.extauth, next.listen.extauth)
	differs("listen.http", old.listen.http, next.listen.http)
	differs("listen.gateway", old.listen.gateway, next.listen.gateway)
	differs("listen.metrics", old.listen.metrics, next.listen.metrics)
	differs("listen.admin", old.listen.admin, next.listen.admin)
	differs("log.format", old.log.format, next.log.format)
	differs("state", old.state, next.state)
	differs("component", presence(old.comp.JID), presence(next.comp.JID))
	if (old.names("peers") || next.names("peers")) && !slices.Equal(old.peers, next.peers) {
		was, is := old.peersNamed(), next.peersNamed()
		if was == is { // a name has another number now
			was, is = fmt.Sprintf("%s, which are the uids %v,", was, old.peers), fmt.Sprintf("the uids %v", next.peers)
		}
		differs("peers", was, is)
	}
	return list
}

// names reports whether the file has a key at its top. The users that are peers
// by default may come with a package, which keeps no secret from being replaced.
func (c *config) names(key string) bool { return c.document.of[key] != nil }

// peersNamed are the peers as the operator wrote them.
func (c *config) peersNamed() string {
	if !c.names("peers") {
		return "the default (" + strings.Join(usualPeers(), ", ") + ")"
	}
	return "[" + strings.Join(c.document.of["peers"].items, ", ") + "]"
}

// orNothing gives a setting that is not there a name.
func orNothing(value any) string {
	if text := fmt.Sprint(value); text != "" {
		return text
	}
	return "nothing"
}

func presence(name string) string {
	if name == "" {
		return "none"
	}
	return "one"
}
