package config

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"strconv"

	"usher/internal/text"
)

func (l *Log) read(v value) {
	v.object(
		field{"level", func(v value) {
			if s, ok := v.oneOf("debug", "info", "warn", "error"); ok {
				_ = l.Level.UnmarshalText([]byte(s)) // knows all four
			}
		}},
		field{"format", func(v value) {
			if s, ok := v.oneOf("text", "json"); ok {
				l.Format = s
			}
		}},
	)
}

func usualPeers() []string { return []string{"prosody", "ejabberd"} }

// defaultPeers allows the servers' users of the distributions' packages.
func (v value) defaultPeers() []int {
	var uids []int
	for _, name := range usualPeers() {
		if uid, err := lookUID(name); err == nil {
			uids = append(uids, uid)
		} else if !unknownUser(err) {
			v.cannotLookUp(name, err)
		}
	}
	return withOwn(uids...)
}

// withOwn adds those who could connect by other ways anyhow: root, and the
// user that usher runs as.
func withOwn(uids ...int) []int {
	uids = append(uids, 0, os.Geteuid())
	slices.Sort(uids)
	return slices.Compact(uids)
}

// peers reads user names and uids.
func (v value) peers() []int {
	if !v.is("!!seq", "a list, such as [prosody]") {
		return nil
	}
	var uids []int
	for _, node := range v.node.Content {
		uid, ok := v.of(node, "an entry of peers").peer()
		if ok && slices.Contains(uids, uid) {
			v.of(node, "").problem("keep one of them", "peers has the user with the uid %d twice", uid)
		}
		if ok {
			uids = append(uids, uid)
		}
	}
	return withOwn(uids...)
}

func (v value) peer() (int, bool) {
	if v.node.ShortTag() == "!!int" {
		uid := -1
		v.integer(&uid, 0, 1<<32-2) // the last uid means "none" to the kernel
		return uid, uid >= 0
	}
	name, ok := v.word()
	if !ok {
		return 0, false
	}
	uid, err := lookUID(name)
	switch {
	case unknownUser(err):
		v.problem("create the user, or write the numeric uid that Prosody has here", "peers: there is no user %q", text.Clip(name))
	case err != nil:
		v.cannotLookUp(name, err)
	}
	return uid, err == nil
}

// cannotLookUp is not the same as no such user: a process without descriptors
// cannot even read /etc/passwd.
func (v value) cannotLookUp(name string, err error) {
	v.problem("write the numeric uid, or see that the machine's users can be read", "peers: the user %q cannot be looked up: %v", text.Clip(name), err)
	v.r.markPassing(true)
}

func unknownUser(err error) bool {
	_, unknown := errors.AsType[user.UnknownUserError](err)
	return unknown
}

func lookUID(name string) (int, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}
