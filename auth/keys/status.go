package keys

import (
	"errors"
	"time"

	"usher/auth/keys/fetch"
	"usher/internal/text"
)

// A Status tells where some keys of an issuer come from and how many there are.
type Status struct {
	Issuer      string
	Source      string // "files", "jwks" or "asap"
	URL         string // without user name and query; empty for files
	Keys        int    // that are good now
	Names       []string
	LastSuccess time.Time // of the last fetch; zero for files
	LastFailure time.Time // of the last fetch, if that failed; else zero
	Failure     string    // why it did
	Problem     string    // why the issuer's tokens cannot be verified, or empty
	Skipped     []string  // what of the source is not used, and why, a line each
}

// maxNames bounds the keys that a status names.
const maxNames = 16

// with adds what is told of a set.
func (st Status) with(set *keyset) Status {
	st.Keys, st.Skipped = len(set.keys), set.lines()
	st.Names = text.First(set.names(), maxNames)
	return st
}

func (s *source) status() Status {
	st := Status{Issuer: s.issuer, Source: s.row.source, LastSuccess: s.lastSuccess()}
	if s.from != nil {
		st.URL = fetch.Shown(s.from)
	}
	at, failure := s.lastFailure()
	if failure != nil {
		st.Failure, st.LastFailure = failure.Error(), at
	}
	st.Problem = s.problem()
	if set := s.current(); set != nil {
		return st.with(set)
	}
	if useless, ok := errors.AsType[*uselessSetError](failure); ok {
		st.Skipped = useless.lines
	}
	return st
}
