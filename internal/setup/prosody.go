package setup

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"usher/internal/setup/luaread"
	"usher/internal/text"
)

const (
	prosodyFolder = "/etc/prosody"
	prosodyMain   = prosodyFolder + "/prosody.cfg.lua"
	maxIncluded   = 200 // files
)

// A luaFile is one file of Prosody's configuration, as it is and as what it does.
type luaFile struct {
	File
	events []luaread.Event
}

// An option is where something is set last.
type option struct {
	luaread.Event
	file *luaFile
}

// A prosody is all that a Prosody's configuration says.
type prosody struct {
	files []*luaFile
	read  map[string]bool // by real name
	notes []string
}

// readProsody reads the main file and what it includes.
func readProsody(ctx context.Context, files Files) (*prosody, error) {
	p := &prosody{read: map[string]bool{}}
	if err := p.include(ctx, files, prosodyMain); err != nil {
		return nil, err
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("there is no %s that can be read: is this the machine with Jitsi's Prosody?",
			prosodyMain)
	}
	return p, nil
}

// include reads one file, and what it includes where it does: later settings win.
func (p *prosody) include(ctx context.Context, files Files, name string) error {
	if name = path.Clean(name); !strings.HasPrefix(name, prosodyFolder+"/") || len(p.read) >= maxIncluded {
		p.notes = append(p.notes, fmt.Sprintf("Prosody includes %s, which is not read here.", text.Clip(name)))
		return nil
	}
	file, found, err := files.Read(name)
	if err != nil {
		p.notes = append(p.notes, fmt.Sprintf("Prosody includes %s, which is not read here: %v.", text.Clip(name), err))
		return nil
	}
	if !found || p.read[file.Path] {
		return nil
	}
	p.read[file.Path] = true
	events, err := luaread.Read(ctx, file.Text)
	if errors.Is(err, luaread.ErrNoLua) || ctx.Err() != nil {
		return err
	}
	if err != nil {
		p.notes = append(p.notes, fmt.Sprintf("%s cannot be read and is left out: %v.", file.Path, err))
		return nil
	}
	p.files = append(p.files, &luaFile{file, events})
	return p.includes(ctx, files, name, events)
}

func (p *prosody) includes(ctx context.Context, files Files, from string, events []luaread.Event) error {
	for _, e := range events {
		if e.Kind != luaread.KindInclude {
			continue
		}
		name := e.Name
		if !path.IsAbs(name) {
			name = path.Join(path.Dir(from), name)
		}
		names := []string{name}
		if strings.ContainsAny(name, "*?") {
			names = matching(files, name)
		}
		for _, name := range names {
			if err := p.include(ctx, files, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// matching lists what Prosody's wildcards mean: in the last part of a name only, and no hidden files.
func matching(files Files, pattern string) []string {
	var list []string
	folder, glob := path.Split(pattern)
	for _, name := range files.List(path.Clean(folder)) {
		if ok, err := path.Match(glob, name); ok && err == nil && !strings.HasPrefix(name, ".") {
			list = append(list, folder+name)
		}
	}
	return list
}

// find returns where an option is set last in a section itself.
func (p *prosody) find(section, name string) (option, bool) {
	for _, f := range slices.Backward(p.files) {
		for _, e := range slices.Backward(f.events) {
			if e.Kind == luaread.KindOption && e.Section == section && e.Name == name {
				return option{e, f}, true
			}
		}
	}
	return option{}, false
}

// get returns what holds in a section: what it sets, or what is set globally.
func (p *prosody) get(section, name string) (option, bool) {
	if o, found := p.find(section, name); found {
		return o, true
	}
	return p.find(luaread.Global, name)
}

// text returns an option's text, or "".
func (p *prosody) text(section, name string) string {
	if o, found := p.get(section, name); found && o.Value.Text != nil {
		return *o.Value.Text
	}
	return ""
}

// on reports a switch; what is not said is otherwise.
func (p *prosody) on(section, name string, otherwise bool) bool {
	if o, found := p.get(section, name); found && o.Value.Bool != nil {
		return *o.Value.Bool
	}
	return otherwise
}

// texts returns a list's texts.
func (p *prosody) texts(section, name string) []string {
	o, _ := p.get(section, name)
	list, _ := o.Value.Texts()
	return list
}

// sections returns the names of all sections of a kind, in order.
func (p *prosody) sections(kind luaread.Kind) []string {
	var list []string
	for _, f := range p.files {
		for _, e := range f.events {
			if e.Kind == kind && !slices.Contains(list, e.Section) {
				list = append(list, e.Section)
			}
		}
	}
	return list
}

// module returns what a Component is, such as muc.
func (p *prosody) module(section string) string {
	name := ""
	for _, f := range p.files {
		for _, e := range f.events {
			if e.Kind == luaread.KindModule && e.Section == section {
				name = e.Name
			}
		}
	}
	return name
}

// header returns where a section begins.
func (p *prosody) header(section string) (option, bool) {
	for _, f := range p.files {
		for _, e := range f.events {
			if e.Section == section && (e.Kind == luaread.KindHost || e.Kind == luaread.KindComponent) {
				return option{e, f}, true
			}
		}
	}
	return option{}, false
}

// tokenWays are the kinds of authentication of a host that this can stand in front of: with tokens, and as Jitsi's
// packages leave it before there are any.
var tokenWays = []string{"token", "jitsi-anonymous", "anonymous"}

// findHost returns the virtual host of Jitsi's meetings.
func (p *prosody) findHost(named string) (string, error) {
	if named != "" {
		host, ok := hostName(named)
		if !ok {
			return "", fmt.Errorf("%q is no host name", text.Clip(named))
		}
		if !slices.Contains(p.sections(luaread.KindHost), host) {
			return "", fmt.Errorf("there is no VirtualHost %q; Prosody has %s", host,
				strings.Join(text.First(p.sections(luaread.KindHost), 5), ", "))
		}
		return host, nil
	}
	var found []string
	for _, host := range p.sections(luaread.KindHost) {
		if _, ok := hostName(host); ok && p.isMeeting(host) {
			found = append(found, host)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", errors.New("no VirtualHost of Prosody looks like Jitsi's (with main_muc, or named by " +
			"muc_mapper_domain_base): name it with --host")
	}
	return "", fmt.Errorf("there are several hosts of Jitsi's (%s): name one with --host", strings.Join(found, ", "))
}

// isMeeting reports whether a host is where Jitsi's meetings are.
func (p *prosody) isMeeting(host string) bool {
	if p.text(luaread.Global, "muc_mapper_domain_base") == host {
		return true
	}
	_, rooms := p.find(host, "main_muc")
	return rooms && slices.Contains(tokenWays, p.text(host, "authentication")) &&
		p.text(host, "muc_mapper_domain_base") == ""
}

// hideSecrets has everything masked that is secret by its name.
func (p *prosody) hideSecrets(plan *Plan) {
	for _, f := range p.files {
		for _, e := range f.events {
			if name := strings.ToLower(e.Name); e.Kind == luaread.KindOption && e.Value.Text != nil &&
				(strings.Contains(name, "secret") || strings.Contains(name, "passw")) &&
				!strings.HasPrefix(*e.Value.Text, "-----BEGIN PUBLIC KEY") {
				plan.hide(*e.Value.Text)
			}
		}
	}
}
