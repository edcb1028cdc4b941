package config

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"strconv"

	"usher/internal/strictyaml"
	"usher/internal/text"
)

func usualPeers() []string { return []string{"prosody", "ejabberd"} }

// defaultPeers allows the servers' users of the distributions' packages.
func defaultPeers(root strictyaml.Value) []int {
	var uids []int
	for _, name := range usualPeers() {
		if uid, err := lookUID(name); err == nil {
			uids = append(uids, uid)
		} else if !unknownUser(err) {
			cannotLookUp(root, name, err)
		}
	}
	return withOwn(uids...)
}

// withOwn adds the users that could connect by other ways anyhow: root, and the
// one that usher runs as.
func withOwn(uids ...int) []int {
	uids = append(uids, 0, os.Geteuid())
	slices.Sort(uids)
	return slices.Compact(uids)
}

// readPeers reads user names and uids.
func readPeers(v strictyaml.Value) []int {
	var uids []int
	for _, element := range v.Elements("an entry of peers", "a list, such as [prosody]") {
		uid, ok := readPeer(element)
		if ok && slices.Contains(uids, uid) {
			element.Problem("keep one of them", "peers has the user with the uid %d twice", uid)
		}
		if ok {
			uids = append(uids, uid)
		}
	}
	if v.Tag() != "!!seq" {
		return nil
	}
	return withOwn(uids...)
}

func readPeer(v strictyaml.Value) (int, bool) {
	if v.Tag() == "!!int" {
		uid := -1
		v.Int(&uid, 0, 1<<32-2) // the last uid means "none" to the kernel
		return uid, uid >= 0
	}
	name, ok := v.Word()
	if !ok {
		return 0, false
	}
	uid, err := lookUID(name)
	switch {
	case unknownUser(err):
		v.Problem("create the user, or write the numeric uid that Prosody has here",
			"peers: there is no user %q", text.Clip(name))
	case err != nil:
		cannotLookUp(v, name, err)
	}
	return uid, err == nil
}

// cannotLookUp is not the same as no such user: a process without descriptors
// cannot even read /etc/passwd.
func cannotLookUp(v strictyaml.Value, name string, err error) {
	v.Problem("write the numeric uid, or see that the machine's users can be read",
		"peers: the user %q cannot be looked up: %v", text.Clip(name), err)
	v.Report().MarkPassing(true)
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
