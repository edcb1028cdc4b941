package setup

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"usher/internal/setup/luaread"
)

// An editor changes options of Prosody, and knows what has to come out.
type editor struct {
	prosody *prosody
	drafts  map[*luaFile]*draft
	why     map[*luaFile][]string
	want    map[*luaFile]map[string]string // what is to be otherwise in a file, see summary
	lists   map[string][]string            // lists as they are so far, by file, section and name
	lines   map[*luaFile][]string          // what a person would have to write
	placed  map[string]option              // lines that were comments
	failed  map[*luaFile]string            // what could not be edited
	hand    []ByHand
}

// gone is what an option is when it is taken out.
const gone = "\x00gone"

func newEditor(p *prosody) *editor {
	return &editor{prosody: p, drafts: map[*luaFile]*draft{}, why: map[*luaFile][]string{},
		want: map[*luaFile]map[string]string{}, lists: map[string][]string{},
		lines: map[*luaFile][]string{}, placed: map[string]option{}, failed: map[*luaFile]string{}}
}

func (e *editor) draft(f *luaFile) *draft {
	if e.drafts[f] == nil {
		e.drafts[f], e.want[f] = newDraft(f.Text), map[string]string{}
	}
	return e.drafts[f]
}

// done notes an edit: what it was for, or the lines that are left to a person.
func (e *editor) done(f *luaFile, err error, key, value, why string, lines ...string) {
	if err != nil {
		e.failed[f] = " (" + strings.ReplaceAll(strings.Trim(key, "*\x00"), "\x00", ", ") + ")"
	}
	e.want[f][key] = value
	e.why[f] = append(e.why[f], why)
	e.lines[f] = append(e.lines[f], lines...)
}

func key(section, name string) string { return section + "\x00" + name }

// set gives an option a value, where it stands or below a line of its section.
func (e *editor) set(section, name string, value luaread.Value, why string, below ...string) {
	lua := luaValue(value)
	if o, found := e.prosody.find(section, name); found {
		if o.Value.String() != value.String() {
			e.done(o.file, e.draft(o.file).setTo(o.Line, name, lua), key(section, name), value.String(), why,
				inSection(section, name+" = "+lua)...)
		}
		return
	}
	at, err := e.anchor(section, below)
	if err != nil {
		e.hand = append(e.hand, ByHand{Of: Prosody, Where: "VirtualHost or Component " + section, Why: why,
			Lines: []string{name + " = " + lua}})
		return
	}
	d := e.draft(at.file)
	d.insert(at.Line, e.indent(d, at)+name+" = "+lua)
	want := value.String()
	if value.Table {
		items, _ := value.Texts()
		want = listKey(items)
	}
	e.done(at.file, nil, key(section, name), want, why, inSection(section, name+" = "+lua)...)
}

// anchor is the line of a section below which an option may stand: that of one of some options, or the section's first.
func (e *editor) anchor(section string, below []string) (option, error) {
	for _, name := range below {
		if o, placed := e.placed[key(section, name)]; placed {
			return o, nil
		}
		if o, found := e.prosody.find(section, name); found && oneLine(o, name) {
			return o, nil
		}
	}
	o, found := e.prosody.header(section)
	if !found || o.Line < 1 {
		return o, errNotUnderstood
	}
	line, _ := newDraft(o.file.Text).line(o.Line)
	if !sectionLine.MatchString(line) {
		return o, errNotUnderstood
	}
	return o, nil
}

var sectionLine = regexp.MustCompile(`^\s*(?:VirtualHost|Host|Component)[\s(]*(?:` + luaText + `)\)?\s*(?:` + luaText +
	`)?\s*(?:--.*)?$`)

func oneLine(o option, name string) bool {
	line, _ := newDraft(o.file.Text).line(o.Line)
	return setting(name).MatchString(line)
}

// indent is that of a section's other lines.
func (e *editor) indent(d *draft, at option) string {
	if at.Kind == luaread.KindOption {
		return d.indentOf(at.Line)
	}
	return d.indentOf(at.Line) + "    "
}

// takeOut makes a comment of an option, where it is set for a host or for all.
func (e *editor) takeOut(section, name, why string) {
	for _, in := range []string{section, luaread.Global} {
		o, found := e.prosody.find(in, name)
		if !found {
			continue
		}
		err := e.draft(o.file).commentOut(o.Line, name)
		if in == luaread.Global && e.prosody.tokenHosts() > 1 {
			err = errors.New("other hosts need it")
		}
		e.done(o.file, err, key(in, name), gone, why, inSection(in, "-- "+name+" = …      (take this line out)")...)
	}
}

// tokenHosts counts the hosts with tokens.
func (p *prosody) tokenHosts() int {
	n := 0
	for _, host := range p.sections(luaread.KindHost) {
		if p.text(host, "authentication") == "token" {
			n++
		}
	}
	return n
}

// list gives a list items that it does not have, and takes others from it.
func (e *editor) list(section, name string, add, take []string, why string) {
	o, found := e.prosody.find(section, name)
	if !found {
		if len(add) > 0 {
			e.set(section, name, texts(add), why)
		}
		return
	}
	k := o.file.Path + "\x00" + key(section, name)
	if _, begun := e.lists[k]; !begun {
		e.lists[k], _ = o.Value.Texts()
	}
	have := e.lists[k]
	add = slices.DeleteFunc(slices.Clone(add), func(s string) bool { return slices.Contains(have, s) })
	take = slices.DeleteFunc(slices.Clone(take), func(s string) bool { return !slices.Contains(have, s) })
	if len(add)+len(take) == 0 {
		return
	}
	taken := func(s string) bool { return slices.Contains(take, s) }
	have = append(slices.DeleteFunc(slices.Clone(have), taken), add...)
	e.lists[k] = have
	e.done(o.file, e.relist(o, name, add, take), key(section, name), listKey(have), why,
		inSection(section, name+" = "+luaValue(texts(have)))...)
}

// relist edits the lines of a list. What stands there as a comment is put in force again.
func (e *editor) relist(o option, name string, add, take []string) error {
	d := e.draft(o.file)
	if _, whole := o.Value.Texts(); !whole {
		return errNotUnderstood
	}
	begin, err := d.begin(o.Line, name)
	if err != nil {
		return err
	}
	for _, item := range take {
		if err := d.takeFrom(o.Line, name, item); err != nil {
			return err
		}
	}
	rest := slices.DeleteFunc(slices.Clone(add), func(item string) bool {
		shape := regexp.MustCompile(`^(\s*)--\s*("` + regexp.QuoteMeta(item) + `"\s*[;,].*)$`)
		_, done := d.uncomment(begin, o.Line, shape, func(m []string) string { return m[1] + m[2] })
		return done
	})
	if len(rest) == 0 {
		return nil
	}
	return d.addTo(o.Line, name, rest)
}

// files returns the new texts, each run again. One whose options differ in more or less than was meant stays as it is.
func (e *editor) files(ctx context.Context) ([]Change, error) {
	var list []Change
	for _, f := range e.prosody.files {
		if e.drafts[f] == nil || len(e.why[f]) == 0 {
			continue
		}
		now := e.drafts[f].String()
		events, err := luaread.Read(ctx, now)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wrong := e.failed[f]
		if wrong == "" {
			wrong = e.differs(f, events)
		}
		if err != nil || wrong != "" {
			e.hand = append(e.hand, ByHand{Of: Prosody, Where: f.Path, Why: "it is not written as Jitsi's packages " +
				"write it, and a change there would do something else" + wrong, Lines: e.lines[f]})
			continue
		}
		list = append(list, Change{Path: f.Path, Old: f.Text, New: now, Of: Prosody, Why: e.why[f]})
	}
	return list, nil
}

// differs compares what a file does now with what it did and what was meant to change.
func (e *editor) differs(f *luaFile, events []luaread.Event) string {
	want := summary(f.events)
	for k, v := range e.want[f] {
		if want[k] = v; v == gone {
			delete(want, k)
		}
	}
	got := summary(events)
	if maps.Equal(got, want) {
		return ""
	}
	for k, v := range want {
		if got[k] != v {
			return " (" + strings.ReplaceAll(strings.Trim(k, "*\x00"), "\x00", ", ") + ")"
		}
	}
	return " (a setting is new)"
}

// summary says what a file's sections and options are in the end.
func summary(events []luaread.Event) map[string]string {
	all := map[string]string{}
	for _, e := range events {
		switch e.Kind {
		case luaread.KindOption:
			value := e.Value.String()
			if items, whole := e.Value.Texts(); whole && e.Value.Table {
				value = listKey(items)
			}
			all[key(e.Section, e.Name)] = value
		case luaread.KindInclude:
			all[key("\x00include", e.Name)] = "yes"
		default:
			all[key("\x00"+string(e.Kind), e.Section)] = e.Name
		}
	}
	return all
}

func listKey(items []string) string {
	return "list " + strings.Join(slices.Compact(slices.Sorted(slices.Values(items))), "\x00")
}

func inSection(section, line string) []string {
	if section == luaread.Global {
		return []string{"before all sections:  " + line}
	}
	return []string{"in " + section + ":  " + line}
}

// luaValue writes a value as Lua.
func luaValue(v luaread.Value) string {
	switch {
	case v.Text != nil:
		return luaQuote(*v.Text)
	case v.Bool != nil && *v.Bool:
		return "true"
	case v.Bool != nil:
		return "false"
	}
	items, _ := v.Texts()
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = luaQuote(item)
	}
	return "{ " + strings.Join(quoted, "; ") + " }"
}

func textValue(s string) luaread.Value { return luaread.Value{Text: &s} }

func boolValue(b bool) luaread.Value { return luaread.Value{Bool: &b} }

func texts(items []string) luaread.Value {
	v := luaread.Value{Table: true}
	for _, item := range items {
		v.List = append(v.List, textValue(item))
	}
	return v
}
