package sessions

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
)

// A filter says which sessions are listed. What is empty takes all.
type filter struct{ account, host, room string }

func filterOf(c *cli.Context) (filter, error) {
	f := filter{c.String("account"), strings.ToLower(c.String("host")), c.String("room")}
	if c.Bool("revoked") && (f.account != "" || f.room != "") {
		return f, cmdline.Exit(2, "sessions list: a revocation has no account and no room; leave --account and --room "+
			"out")
	}
	return f, nil
}

func (f filter) takes(s admin.Session) bool {
	_, host, _ := strings.Cut(s.Account, "@")
	inRoom := func(room string) bool { return fits(f.room, room) }
	return (f.account == "" || fits(f.account, s.Account)) && (f.host == "" || host == f.host) &&
		(f.room == "" || slices.ContainsFunc(s.InRooms, inRoom))
}

// fits reports whether a JID is one that is written whole, or by its first part.
func fits(pattern, jid string) bool {
	pattern, jid = strings.ToLower(pattern), strings.ToLower(jid)
	if local, _, _ := strings.Cut(jid, "@"); !strings.Contains(pattern, "@") {
		return like(pattern, local)
	}
	return like(pattern, jid)
}

// like reports whether s is a pattern, in which * stands for any text.
func like(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return s == pattern
	}
	s, found := strings.CutPrefix(s, first)
	if !found {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
