package disk

import (
	"slices"
	"strconv"
	"strings"
)

// User returns the numbers of a user, as the tree's own /etc/passwd has them.
func (t *Tree) User(name string) (o Owner, found bool) {
	for _, f := range t.entries("/etc/passwd") {
		if f[0] != name || len(f) < 4 {
			continue
		}
		uid, err := strconv.ParseUint(f[2], 10, 31)
		gid, err2 := strconv.ParseUint(f[3], 10, 31)
		return Owner{int(uid), int(gid)}, err == nil && err2 == nil
	}
	return Owner{}, false
}

// Group returns the number of a group, and who is in it besides those whose first group it is.
func (t *Tree) Group(name string) (gid int, members []string, found bool) {
	for _, f := range t.entries("/etc/group") {
		if f[0] != name || len(f) < 4 {
			continue
		}
		n, err := strconv.ParseUint(f[2], 10, 31)
		return int(n), strings.Split(f[3], ","), err == nil
	}
	return 0, nil, false
}

// IsMember reports whether a user is in a group.
func (t *Tree) IsMember(user, group string) bool {
	gid, members, found := t.Group(group)
	u, known := t.User(user)
	return found && (slices.Contains(members, user) || known && u.GID == gid)
}

// entries returns the lines of such a file, in fields.
func (t *Tree) entries(name string) [][]string {
	file, found, err := t.Read(name)
	if err != nil || !found {
		return nil
	}
	var list [][]string
	for line := range strings.SplitSeq(file.Text, "\n") {
		list = append(list, strings.Split(line, ":"))
	}
	return list
}
