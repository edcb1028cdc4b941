package cluster

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	strangerFor   = 10 * time.Second // a stranger was silent for so long: it is gone, as heartbeats come more often
	mostStrangers = 64               // names: who writes to the engine may invent some
)

// heardStrangerLocked notes a name in the engine under which an entry is that may be new, and that no key of this node
// made: mostly that of a node whose secret file is another.
func (l *link) heardStrangerLocked(node string) {
	now := l.n.o.Now()
	if _, known := l.strangers[node]; !known && len(l.strangers) >= mostStrangers {
		maps.DeleteFunc(l.strangers, func(_ string, heard time.Time) bool { return now.Sub(heard) > strangerFor })
		if len(l.strangers) >= mostStrangers {
			return
		}
	}
	l.strangers[node] = now
}

// strangersLocked returns, sorted, those that may live. A node that has a right key is none, whatever is written
// under its name.
func (l *link) strangersLocked() (list []string) {
	for node, heard := range l.strangers {
		if v := l.views[node]; l.n.o.Now().Sub(heard) <= strangerFor && (v == nil || !v.livesAt(l.now)) {
			list = append(list, node)
		}
	}
	slices.Sort(list)
	return list
}

// amongStrangersLocked reports whether strangers are all that is heard: a node that starts then has likely the wrong
// key itself, and knows nothing of what was revoked.
func (l *link) amongStrangersLocked() bool {
	for node, v := range l.views {
		if node != l.n.o.Node && v.livesAt(l.now) {
			return false
		}
	}
	return len(l.strangersLocked()) > 0
}

// Warnings say what is wrong and keeps nobody out.
func (r Report) Warnings() []string {
	if !r.Fresh || len(r.Strangers) == 0 {
		return nil
	}
	return []string{r.strangers()}
}

func (r Report) strangers() string {
	return "no key of this usher made what is heard under " + strings.Join(r.Strangers, ", ") + ": what is revoked " +
		"there is not known here, nor there what is revoked here; compare the files of cluster.secret_files"
}
