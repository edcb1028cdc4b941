package setup

import (
	"regexp"
	"slices"
	"strings"

	"usher/internal/setup/luaread"
)

// planProsody plans what changes in Prosody's configuration.
func (m *maker) planProsody(own *own) error {
	e := newEditor(m.prosody)
	m.editLogin(e, own)
	m.editRooms(e, own)
	m.editComponent(e, own)
	changes, err := e.files(m.ctx)
	if err != nil {
		return err
	}
	m.plan.ByHand = append(m.plan.ByHand, e.hand...)
	for _, c := range changes {
		m.plan.change(c)
	}
	m.noteModules()
	return nil
}

// editLogin changes what the host believes: tokens that usher signs, and no others.
func (m *maker) editLogin(e *editor, own *own) {
	f := m.facts
	e.set(f.host, "authentication", textValue("token"), "people come in with tokens")
	m.uncommented(e, "app_id", f.appID, "the inner token's issuer")
	m.uncommented(e, "app_secret", own.believed, "Prosody believes tokens that usher has signed, and no others")
	if own.algorithm != "HS256" || m.prosody.text(f.host, "signature_algorithm") != "" {
		e.set(f.host, "signature_algorithm", textValue(own.algorithm), "what usher signs with", "app_secret", "app_id",
			"authentication")
	}
	for _, name := range []string{"asap_key_server", "cache_keys_url"} {
		e.takeOut(f.host, name, "usher asks the key server; with this line Prosody would ignore app_secret")
	}
	for _, name := range []string{"asap_accepted_issuers", "asap_accepted_audiences"} {
		e.takeOut(f.host, name, "usher verifies issuer and audience; inner tokens have app_id for both")
	}
	if !f.allowEmpty && m.prosody.on(f.host, "allow_empty_token", false) { // a line without effect until now
		e.takeOut(f.host, "allow_empty_token", "logins without a token are usher's decision (guests_start)")
	}
}

// uncommented sets a text where Jitsi's packages have the line as a comment, or as any other option.
func (m *maker) uncommented(e *editor, name, value, why string) {
	host := m.facts.host
	at, found := m.prosody.header(host)
	if _, set := m.prosody.find(host, name); set || !found {
		e.set(host, name, textValue(value), why, "app_id", "authentication")
		return
	}
	d := e.draft(at.file)
	shape := regexp.MustCompile(`^(\s*)--\s*(` + name + `\s*=\s*)(?:` + luaText + `)(\s*;?\s*(?:--.*)?)$`)
	line, done := d.uncomment(at.Line, m.prosody.end(at), shape, func(m []string) string {
		return m[1] + m[2] + luaQuote(value) + m[3]
	})
	if !done {
		e.set(host, name, textValue(value), why, "app_id", "authentication")
		return
	}
	e.placed[key(host, name)] = option{luaread.Event{Kind: luaread.KindOption, Line: line}, at.file}
	e.done(at.file, nil, key(host, name), textValue(value).String(), why,
		inSection(host, name+" = "+luaQuote(value))...)
}

// end returns the last line that may belong to a section.
func (p *prosody) end(at option) int {
	for _, e := range at.file.events {
		if e.Line > at.Line && (e.Kind == luaread.KindHost || e.Kind == luaread.KindComponent) {
			return e.Line - 1
		}
	}
	return strings.Count(at.file.Text, "\n") + 1
}

// editRooms changes the components of rooms.
func (m *maker) editRooms(e *editor, own *own) {
	f, p := m.facts, m.prosody
	add := []string{"token_verification"}
	if f.affiliation {
		add = append(add, "token_affiliation")
	}
	e.list(f.muc, "modules_enabled", add, []string{"muc_http_auth", "muc_http_defaults"},
		"Jitsi's own modules read the token; those that asked usher are not needed")
	allowed := slices.Clone(f.guests)
	if list, _ := p.find(f.muc, "modules_enabled"); !list.Value.Has("token_verification") {
		allowed = append(allowed, f.recorders...)
	}
	if len(allowed) > 0 {
		e.list(f.muc, "token_verification_allowlist", allowed, nil, "who is on these hosts has no token")
	}
	for _, rooms := range []string{f.muc, f.breakout} {
		if rooms == "" {
			continue
		}
		e.list(rooms, "modules_enabled", nil, []string{"muc_http_auth", "muc_http_defaults"}, "they are not needed")
		e.list(rooms, "admins", []string{own.component}, nil, "usher's component sets who is moderator")
	}
	if list, _ := p.find(f.muc, "modules_enabled"); list.Value.Has("muc_wait_for_host") {
		e.set(f.muc, "wait_for_host_disable_auto_owners", boolValue(true),
			"muc_wait_for_host would make everybody with a token a moderator")
	}
}

// editComponent adds usher's component, and what Prosody 13 wants for it.
func (m *maker) editComponent(e *editor, own *own) {
	at, found := m.prosody.header(m.facts.host)
	if !found {
		return
	}
	d := e.draft(at.file)
	if o, set := m.prosody.find(luaread.Global, "component_admins_as_room_owners"); !set {
		d.insert(0, "component_admins_as_room_owners = true")
		e.done(at.file, nil, key(luaread.Global, "component_admins_as_room_owners"), boolValue(true).String(),
			"Prosody 13 wants it for usher's component and for jicofo",
			inSection(luaread.Global, "component_admins_as_room_owners = true")...)
	} else if o.Value.Bool != nil && !*o.Value.Bool {
		e.set(luaread.Global, "component_admins_as_room_owners", boolValue(true),
			"usher's component has to set who is moderator")
	}
	if _, there := m.prosody.header(own.component); there {
		return
	}
	lines := []string{"Component " + luaQuote(own.component), "    component_secret = " + componentSecret}
	d.insert(len(d.lines), append([]string{""}, lines...)...)
	e.want[at.file][key("\x00component", own.component)] = ""
	e.done(at.file, nil, key(own.component, "component_secret"), luaread.Value{Unknown: true}.String(),
		"usher's component", append([]string{"at the end:"}, lines...)...)
}

// componentSecret reads the secret's file. One that Prosody cannot read leaves the component without a secret, and so
// unused, which Prosody logs; it must not end Prosody.
const componentSecret = `((Lua or _G).io.open(` + `"` + componentFile + `"` + `) or { read = function() end }):read("l")`

// noteModules tells of modules that give more than the token says.
func (m *maker) noteModules() {
	f := m.facts
	list, _ := m.prosody.find(f.muc, "modules_enabled")
	if list.Value.Has("muc_allowners") {
		m.plan.note("Prosody's muc_allowners makes everybody a moderator whose token does not say otherwise: take it "+
			"out of modules_enabled of %s unless that is meant.", f.muc)
	}
	if !f.tokens {
		m.plan.note("Until now everybody could open a room. From now on a token does, or guests_start: true in %s.", ConfigFile)
	}
	if len(f.guests) == 0 {
		m.plan.note("Prosody has no host for guests: people without a token do not come in. \"Guests\" in " +
			"docs/jitsi.md says how to add one.")
	}
}
