package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// The names of what usher keeps of its own.
const (
	ConfigFile = "/etc/usher/usher.yaml"
	ownFolder  = "/etc/usher/"
	gatewayAt  = "127.0.0.1:8281"
)

// Files are those of the machine, or of a folder in its place. Names are absolute, as the machine has them.
type Files interface {
	// Read returns the file that a name leads to; found is false if there is none.
	Read(name string) (f File, found bool, err error)
	// List returns the names in a folder, in order; none if there is no such folder.
	List(folder string) []string
}

// A File is a file's text under the name at which it really is, all links followed.
type File struct{ Path, Text string }

// Fresh makes what is secret and new.
type Fresh interface {
	Secret() (string, error)
	KeyPair() (private, public string, err error) // PEM
	Public(private string) (string, error)        // the other half of a private key in PEM
}

// Options are what an operator may say.
type Options struct {
	Host  string // or empty: the only one there is
	AppID string // of a Jitsi that has no tokens yet
	HS256 bool   // a shared secret between usher and Prosody instead of a key pair
}

// A Change is one file that becomes another. Old is empty if the file is made. Usher's own files are made, or replace
// what its package wrote and nobody has changed.
type Change struct {
	Path     string
	Old, New string
	Made     bool
	Hidden   bool // its content is never shown
	Of       Part
	Why      []string
}

// A Part is the program whose file it is.
type Part string

// The parts.
const (
	Usher   Part = "usher"
	Prosody Part = "prosody"
	Nginx   Part = "nginx"
	Jicofo  Part = "jicofo"
)

// ByHand are lines for a file that is left alone.
type ByHand struct {
	Of    Part
	Where string
	Why   string
	Lines []string
}

// A Plan is all that there is to change.
type Plan struct {
	Host    string
	Changes []Change
	ByHand  []ByHand
	Notes   []string // what an operator should know
	Secrets []string // to be masked wherever lines are shown
}

// Blocked reports whether Jitsi's files have to stay as they are for now: with only some of the lines in force nobody
// could come in.
func (p *Plan) Blocked() bool {
	return slices.ContainsFunc(p.ByHand, func(b ByHand) bool { return b.Of != Jicofo })
}

// order is that in which parts come into force: browsers are led to usher last.
func order() []Part { return []Part{Usher, Prosody, Jicofo, Nginx} }

// Parts returns what is restarted, in that order: whose files change, and before those of Jitsi usher, which may have
// got its own in a run that left lines to a person, and not have been started then.
func (p *Plan) Parts() []Part {
	var list []Part
	for _, part := range order() {
		changes := slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Of == part })
		if changes || part == Usher && len(p.Changes) > 0 {
			list = append(list, part)
		}
	}
	return list
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// hide has a secret masked: as it is, as Lua writes it in one line, and each line of it.
func (p *Plan) hide(secret string) {
	quoted := luaQuote(secret)
	for _, s := range append([]string{secret, quoted[1 : len(quoted)-1]}, strings.Split(secret, "\n")...) {
		if len(s) >= 4 && !slices.Contains(p.Secrets, s) {
			p.Secrets = append(p.Secrets, s)
		}
	}
}

func (p *Plan) change(c Change) {
	if c.Old != c.New || c.Made {
		p.Changes = append(p.Changes, c)
	}
}

// Make reads a machine's files and plans what has to change. An error says why nothing can be planned at all.
func Make(ctx context.Context, files Files, fresh Fresh, o Options) (*Plan, error) {
	read, err := readProsody(ctx, files)
	if err != nil {
		return nil, err
	}
	host, err := read.findHost(o.Host)
	if err != nil {
		return nil, err
	}
	m := &maker{ctx: ctx, files: files, fresh: fresh, options: o, prosody: read, plan: &Plan{Host: host}}
	m.plan.Notes = read.notes
	if err := m.all(host); err != nil {
		return nil, err
	}
	slices.SortStableFunc(m.plan.Changes, func(a, b Change) int {
		return slices.Index(order(), a.Of) - slices.Index(order(), b.Of)
	})
	return m.plan, nil
}

// A maker is a plan in the making.
type maker struct {
	ctx     context.Context
	files   Files
	fresh   Fresh
	options Options
	prosody *prosody
	facts   *facts
	plan    *Plan
}

func (m *maker) all(host string) error {
	m.prosody.hideSecrets(m.plan)
	if err := m.takeOver(host); err != nil || len(m.plan.ByHand) > 0 {
		return err
	}
	site, err := m.planNginx(host)
	if err != nil {
		return err
	}
	own, err := m.planOwn(site)
	if err != nil {
		return err
	}
	if err := m.planProsody(own); err != nil {
		return err
	}
	m.needLua()
	return m.planJicofo()
}
