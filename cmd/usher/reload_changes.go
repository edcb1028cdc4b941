package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"usher/auth"
	"usher/moderation"
)

// describeChanges says in words what next does differently: names of hosts, issuers, keys and files, never their contents
// or URLs.
func describeChanges(old, next *config, was, is map[string]fileState) []string {
	d := changes{list: []string{}}
	if old.log.level != next.log.level {
		d.add("log.level is %s, was %s", next.log.level, old.log.level)
	}
	if old.auth.MaxTokenBytes != next.auth.MaxTokenBytes {
		d.add("max_token_size is %d, was %d", next.auth.MaxTokenBytes, old.auth.MaxTokenBytes)
	}
	d.differs("the HTTP door", "http_secret_file", old.http.secretFile, next.http.secretFile)
	d.differs("the HTTP door", "http_insecure", old.http.insecure, next.http.insecure)
	d.differs("the HTTP door", "http_hosts", old.http.hosts, next.http.hosts)
	d.component(old.comp, next.comp)
	d.rooms(old.rooms, next.rooms)
	d.names("host", keys(old.auth.Hosts), keys(next.auth.Hosts))
	for _, name := range keys(next.auth.Hosts) {
		if before, ok := old.auth.Hosts[name]; ok {
			d.host(name, before, next.auth.Hosts[name])
		}
	}
	for _, f := range next.files[1:] { // the first is the configuration itself
		if before, ok := was[f]; ok && before != is[f] {
			d.add("file %s was written anew", f)
		}
	}
	return d.list
}

type changes struct{ list []string }

func (d *changes) add(format string, args ...any) {
	d.list = append(d.list, fmt.Sprintf(format, args...))
}

// names reports what is in only one of two lists.
func (d *changes) names(what string, old, next []string) {
	for _, n := range next {
		if !slices.Contains(old, n) {
			d.add("%s %s added", what, n)
		}
	}
	for _, n := range old {
		if !slices.Contains(next, n) {
			d.add("%s %s removed", what, n)
		}
	}
}

func (d *changes) host(name string, old, next auth.HostConfig) {
	d.names("host "+name+": issuer", keys(old.Issuers), keys(next.Issuers))
	for _, id := range keys(next.Issuers) {
		if before, ok := old.Issuers[id]; ok {
			d.issuer("host "+name+": issuer "+id, before, next.Issuers[id])
		}
	}
	d.names("host "+name+": service account", old.ServiceAccounts, next.ServiceAccounts)
	old.Issuers, next.Issuers = nil, nil
	old.ServiceAccounts, next.ServiceAccounts = nil, nil
	if !reflect.DeepEqual(old, next) {
		d.add("host %s: the rules under tokens changed", name)
	}
}

func (d *changes) issuer(name string, old, next auth.IssuerConfig) {
	d.names(name+": key", keyNames(old.Keys), keyNames(next.Keys))
	d.differs(name, "jwks_url", old.JWKSURL, next.JWKSURL)
	d.differs(name, "asap_url", old.ASAPURL, next.ASAPURL)
	d.differs(name, "algorithms", old.Algorithms, next.Algorithms)
	d.differs(name, "audience", old.Audience, next.Audience)
	d.differs(name, "require_exp", old.RequireExp, next.RequireExp)
	d.differs(name, "require_room", old.RequireRoom, next.RequireRoom)
}

// component never tells the secret.
func (d *changes) component(old, next componentConfig) {
	d.differs("component", "jid", old.JID, next.JID)
	d.differs("component", "address", old.Address, next.Address)
	d.differs("component", "secret_file", old.secretFile, next.secretFile)
}

func (d *changes) rooms(old, next []moderation.HostPolicy) {
	before := map[string]moderation.HostPolicy{}
	for _, h := range old {
		before[h.Host] = h
	}
	for _, h := range next {
		was, ok := before[h.Host]
		was.ServiceAccounts, h.ServiceAccounts = nil, nil // told elsewhere
		if ok && !reflect.DeepEqual(was, h) {
			d.add("host %s: the rules for rooms changed", h.Host)
		}
	}
}

func (d *changes) differs(name, key string, old, next any) {
	if !reflect.DeepEqual(old, next) {
		d.add("%s: %s changed", name, key)
	}
}

func keyNames(list []*auth.Key) []string {
	var names []string
	for _, k := range list {
		names = append(names, k.String())
	}
	return names
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
