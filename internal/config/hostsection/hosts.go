// Package hostsection answers one question: what does the configuration say of
// Prosody's hosts, of each and of all together: their issuers, tokens, rooms,
// lobbies and relays? It starts no goroutine and has no lock.
package hostsection

import (
	"fmt"

	"usher/auth"
	"usher/auth/gateway"
	"usher/internal/config/source"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

// MendNone is the advice where there are no hosts.
const MendNone = "name Prosody's VirtualHost, and who issues its tokens, under hosts"

// A Host is what is said of one.
type Host struct {
	Key       strictyaml.Item // its name in the file
	Auth      auth.HostConfig
	Rooms     moderation.HostPolicy
	NoIssuers bool // there are none
}

// Hosts collects what is said of all of them, in the order of the file.
type Hosts struct {
	files *source.Reader
	auth  map[string]auth.HostConfig
	rooms *roomsReader
	ways  wayReader
	all   []*Host
}

// New returns a reader that writes to hosts.
func New(files *source.Reader, hosts map[string]auth.HostConfig) *Hosts {
	return &Hosts{files: files, auth: hosts, rooms: &roomsReader{owners: map[string]string{}}}
}

// Read reads the mapping of all hosts.
func (a *Hosts) Read(v strictyaml.Value) {
	for _, e := range v.Entries() {
		checkHost(e.Key)
		h := newHost(a.files, e.Key, &a.rooms.holders)
		h.read(e.Value.Named(fmt.Sprintf("host %q", text.Clip(e.Key.Text))), a.rooms)
		a.auth[e.Key.Text] = h.Auth
		a.ways.add(h)
		a.all = append(a.all, &h.Host)
	}
	if isEmptyMapping(v) {
		v.Problem(MendNone, "there are no hosts")
	}
}

// All returns them.
func (a *Hosts) All() []*Host { return a.all }

// Policies returns their rules for rooms, which may be added to until [Hosts.Finish].
func (a *Hosts) Policies() []moderation.HostPolicy { return a.rooms.policies }

// Check judges what all of them together tell, and what they need elsewhere in the file.
func (a *Hosts) Check(n Needed) {
	a.rooms.checkNames(n.Component, n.ComponentAt)
	a.rooms.check(n.HTTP, n.HasComponent)
	a.ways.check(a.rooms.holders, n.Gateway)
}

// Needed is what hosts need elsewhere in the file.
type Needed struct {
	Component     string           // its JID
	ComponentAt   strictyaml.Value // where it is named, or nowhere
	HasComponent  bool
	HTTP, Gateway bool // there is such a listener
}

// AllRelayed reports whether every host has a relay, so that no door has a use.
func (a *Hosts) AllRelayed() bool { return a.ways.allRelayed() }

// Finish hands over the rules for rooms, and the whitelist.
func (a *Hosts) Finish(hasComponent bool) (policies []moderation.HostPolicy, whitelist []lobby.Entry) {
	return a.rooms.finish(hasComponent)
}

// Gateway returns the settings of the gateway for each virtual host: those of hosts, their guest
// hosts, and those whose accounts are let in by a password.
func (a *Hosts) Gateway(whitelist []lobby.Entry) map[string]gateway.HostSettings {
	return a.ways.settings(whitelist)
}
