package try

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"usher/internal/text"
)

// The bounds of time.
const (
	HopWithin = 5 * time.Second
	Within    = 45 * time.Second
)

// A State says what became of a hop.
type State string

// The states of a hop.
const (
	Passed     State = "passed"
	Failed     State = "failed"
	NotReached State = "not reached" // one before it failed, or the daemon could not be asked
)

// A Hop is one step of the way.
type Hop struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Seen  string `json:"seen,omitempty"`
	Mend  string `json:"mend,omitempty"` // what to change, of one that failed
}

// A Report is what became of a trial.
type Report struct {
	OK          bool   `json:"ok"`
	Host        string `json:"host"`
	Address     string `json:"address"` // without the token
	Room        string `json:"room,omitempty"`
	Account     string `json:"account,omitempty"`
	Hops        []Hop  `json:"hops"`
	Unreachable bool   `json:"daemon_unreachable,omitempty"` // nothing else failed
}

// A result is what a hop found.
type result struct {
	state State
	seen  string
	mend  string
	gone  bool // it failed, and the chain goes on nevertheless
}

func passed(format string, args ...any) result {
	return result{state: Passed, seen: fmt.Sprintf(format, args...)}
}

func failed(mend, format string, args ...any) result {
	return result{state: Failed, seen: fmt.Sprintf(format, args...), mend: mend}
}

func unknown(why string) result { return result{state: NotReached, seen: why} }

// beside is a failure that what follows does not rest on.
func (r result) beside() result {
	r.gone = true
	return r
}

// A step is a hop that is still to be tried. One that has no place here returns nothing.
type step struct {
	name string
	run  func(ctx context.Context) result
}

// A record keeps what became of the hops, for the report.
type record struct {
	report Report
	of     *person // whose token stands in none of it
}

// chain tries hops, until one fails that the rest stands on.
func (t *record) chain(ctx context.Context, steps ...step) (whole bool) {
	whole = true
	because := ""
	for _, s := range steps {
		if !whole {
			t.note(s.name, unknown("not reached, because of "+because))
			continue
		}
		if ctx.Err() != nil {
			t.note(s.name, unknown("there was no more time for it"))
			continue
		}
		within, cancel := context.WithTimeout(ctx, HopWithin)
		r := s.run(within)
		cancel()
		if r.state == "" {
			continue
		}
		t.note(s.name, r)
		if r.state == Failed && !r.gone {
			whole, because = false, s.name
		}
	}
	return whole
}

// note adds a hop to the report.
func (t *record) note(name string, r result) {
	h := Hop{name, r.state, t.clean(r.seen), t.clean(r.mend)}
	t.report.Hops = append(t.report.Hops, h)
	if t.of.Show != nil {
		t.of.Show(h)
	}
}

// shortestPart is the length in bytes from which a part of the token is left out of texts: a signature is longer.
const shortestPart = 16

// clean makes a text one line without the token, or parts of it, also where a server wrote it.
func (t *record) clean(s string) string {
	for _, token := range []string{t.of.token, url.QueryEscape(t.of.token)} {
		if token != "" {
			s = strings.ReplaceAll(s, token, "…")
		}
	}
	s = text.WithoutTokens(s)
	for part := range strings.SplitSeq(t.of.token, ".") {
		if len(part) >= shortestPart {
			s = strings.ReplaceAll(s, part, "…")
		}
	}
	return text.Printable(text.ClipTo(strings.ReplaceAll(s, "\n", "; "), 1000))
}
