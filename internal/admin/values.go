package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/listen"
	"usher/internal/recent"
	"usher/lobby"
	"usher/moderation/sessions"
)

// What the answers hold is of the packages that know it; who asks names it by these.
type (
	Session = sessions.Info             // an element of GET /sessions
	Revoked = sessions.RevokedPrincipal // an element of GET /sessions/revoked
	Entry   = lobby.Entry               // an element of the body of POST /lobby/import
	Listed  = lobby.Listed              // an element of GET /lobby
	Knock   = lobby.Knock               // an element of GET /lobby/knocks
	Counts  = listen.Counts             // of Status.Connections

	Decision = recent.Decision // an element of GET /decisions
	Change   = recent.Change   // an element of GET /audit
	Report   = auth.Report     // the answer of POST /explain
)

// The bounds of a list that is to be read, as what is made of a line takes a hundred times as much.
const (
	maxListed   = 10 * lobby.MaxEntries // an entry may stand in it several times
	maxProblems = 100
)

// The problems of a whole list.
var (
	errLong   = fmt.Errorf("the list has over %d entries, and the whitelist takes %d", maxListed, lobby.MaxEntries)
	errNoList = errors.New("it is no list of JSON, or something follows that")
)

// ReadEntries reads a whitelist as text, an entry a line ([lobby.ParseEntry]); its problems at once, with their lines,
// up to a hundred.
func ReadEntries(in io.Reader) (entries []lobby.Entry, problems []string) {
	entries = []lobby.Entry{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if len(problems) == maxProblems {
			return nil, append(problems, fmt.Sprintf("line %d: from here on nothing was read", n))
		}
		e, err := lobby.ParseEntry(lines.Text())
		if err == nil && e.JID == "" {
			continue
		}
		if err == nil {
			e.JID, err = jid.Prepare(e.JID)
		}
		if err == nil {
			_, err = lobby.ParsePattern(e.Room)
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("line %d: %v", n, err))
			continue
		}
		if len(entries) == maxListed {
			return nil, append(problems, errLong.Error())
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, err.Error())
	}
	return entries, problems
}
