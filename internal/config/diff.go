package config

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"usher/internal/strictyaml"
	"usher/internal/text"
)

// Diff says in words what next does differently: every key of the file by its
// path, and every file that it names. It never tells what is in such a file, nor
// a URL, in which there may be a password. Nothing is an empty list.
func Diff(old, next *Config) []string {
	list := strictyaml.Changes(old.document, next.document)
	for _, f := range next.Paths[1:] { // the first is the configuration itself
		if before, ok := old.digests[f]; ok && before != next.digests[f] {
			list = append(list, text.Printable(fmt.Sprintf("file %s was written anew", f)))
		}
	}
	return list
}

// NeedsRestart names everything that changed and that only a new process can
// take over, with its place.
func NeedsRestart(old, next *Config, file string) Problems {
	var list Problems
	differs := func(key string, was, is any) {
		if fmt.Sprint(was) == fmt.Sprint(is) {
			return
		}
		line, column := next.Place(strings.Split(key, ".")...)
		what := fmt.Sprintf("%s changed from %v to %v, which needs a restart", key, orNothing(was), orNothing(is))
		list = append(list, Problem{
			File: file, Line: line, Column: column, Text: text.Printable(what), Mend: "systemctl restart usher",
		})
	}
	differs("listen.dovecot", old.Listen.Dovecot, next.Listen.Dovecot)
	differs("listen.extauth", old.Listen.Extauth, next.Listen.Extauth)
	differs("listen.http", old.Listen.HTTP, next.Listen.HTTP)
	differs("listen.gateway", old.Listen.Gateway, next.Listen.Gateway)
	differs("listen.console", old.Listen.Console, next.Listen.Console)
	differs("listen.metrics", old.Listen.Metrics, next.Listen.Metrics)
	differs("listen.admin", old.Listen.Admin, next.Listen.Admin)
	differs("log.format", old.Log.Format, next.Log.Format)
	differs("state", old.State, next.State)
	differs("cluster", named(old.Cluster.Named()), named(next.Cluster.Named()))
	if was, is := &old.Cluster, &next.Cluster; was.Named() && is.Named() {
		differs("cluster.redis", was.Redis, is.Redis)
		differs("cluster.user", was.User, is.User)
		differs("cluster.ca_file", digest(was.CA), digest(is.CA))
		differs("cluster.node", was.Node, is.Node)
		differs("cluster.cell", was.Cell, is.Cell)
	}
	differs("component", presence(old.Component.JID), presence(next.Component.JID))
	if (old.names("peers") || next.names("peers")) && !slices.Equal(old.Peers, next.Peers) {
		was, is := old.peersNamed(), next.peersNamed()
		if was == is { // a name has another number now
			was, is = fmt.Sprintf("%s, which are the uids %v,", was, old.Peers), fmt.Sprintf("the uids %v", next.Peers)
		}
		differs("peers", was, is)
	}
	return list
}

// names reports whether the file has a key at its top. The users that are peers
// by default may come with a package, which keeps no secret from being replaced.
func (c *Config) names(key string) bool { return c.document.Has(key) }

// Place returns where a key of the file stands, or the last mapping on the way there.
func (c *Config) Place(path ...string) (line, column int) { return c.document.Place(path...) }

// peersNamed are the peers as the operator wrote them.
func (c *Config) peersNamed() string {
	if !c.names("peers") {
		return "the default (" + strings.Join(usualPeers(), ", ") + ")"
	}
	return "[" + strings.Join(c.document.Items("peers"), ", ") + "]"
}

// orNothing gives a setting that is not there a name.
func orNothing(value any) string {
	if s := fmt.Sprint(value); s != "" {
		return s
	}
	return "nothing"
}

func presence(name string) string { return named(name != "") }

func named(there bool) string {
	if !there {
		return "none"
	}
	return "one"
}

// digest stands for the content of a file.
func digest(content []byte) string {
	if len(content) == 0 {
		return ""
	}
	return fmt.Sprintf("the content %.4x", sha256.Sum256(content))
}
