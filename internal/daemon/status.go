package daemon

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"usher/auth"
	"usher/internal/admin"
	"usher/internal/explain"
	"usher/internal/httpd"
	"usher/internal/probe"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// adminHandler answers usher reload, usher status, usher sessions and usher lobby.
func (d *daemon) adminHandler() http.Handler {
	return admin.NewHandler(admin.Options{
		Daemon: d, Await: d.rooms.sessions.Await, Sessions: d.rooms.sessions, Revoker: d.rooms,
		Whitelist: whitelist{d.rooms.lobby, d.rooms.listChanged, d.rooms.cluster}, Commands: d.rooms.commands,
		MUCs:        func() []string { return *d.rooms.mucs.Load() },
		MembersOnly: d.rooms.membersOnly.Load, Component: d.rooms.component != nil,
		Cluster: d.rooms.cluster.ForCommands(), Decisions: d.rooms.decisions, Audit: d.rooms.audit, Explainer: d,
		History: d.rooms.console.history(), Console: d.rooms.console.forCommands(), Peer: httpd.UserOf,
	})
}

// Reload is for usher reload.
func (d *daemon) Reload(ctx context.Context) (admin.Reload, error) { return d.reloader.ask(ctx) }

// ExplainToken runs all checks of a token by the configuration in force, with the keys that the doors have.
func (d *daemon) ExplainToken(ctx context.Context, q explain.Question) auth.Report {
	e := explain.Running(d.verifier, d.rooms.sessions.Policy(), d.reloader.current.Load().Rooms, d.revoked)
	return e.Explain(ctx, q)
}

func (d *daemon) revoked(_ context.Context, id auth.Identity) (revoked, known bool) {
	return d.rooms.sessions.Revoked(id), true
}

// Revoke has the rooms looked at in which the sessions were.
func (p *roomParts) Revoke(ctx context.Context, t sessions.Target, all bool) (sessions.Revoked, error) {
	revoked, touched, err := p.sessions.Revocations().Revoke(ctx, t, all)
	p.touch(touched)
	return revoked, err
}

// Preview tells what Revoke would do.
func (p *roomParts) Preview(ctx context.Context, t sessions.Target) (sessions.Revoked, error) {
	return p.sessions.Revocations().Preview(ctx, t)
}

// Allow lifts revocations.
func (p *roomParts) Allow(ctx context.Context, t sessions.Target) (sessions.Allowed, error) {
	return p.sessions.Revocations().Allow(ctx, t)
}

// Revocations returns what keeps tokens out.
func (p *roomParts) Revocations() []sessions.RevokedPrincipal { return p.sessions.Revocations().List() }

// Status is for usher status. The quick one tries nothing, and tells what was found last.
func (d *daemon) Status(quick bool) admin.Status {
	notReady := d.notReady()
	s := admin.Status{
		Version:   d.version,
		PID:       os.Getpid(),
		Uptime:    time.Since(d.started).Seconds(),
		Config:    d.reloader.path,
		Ready:     len(notReady) == 0,
		NotReady:  notReady,
		Hosts:     hostsOf(d.verifier.Keys(), d.verifier.UnseenClaims()),
		Listeners: d.endpoints.Addresses(),

		Connections: d.endpoints.Counts(),
		Shortage:    d.endpoints.Shortage(),

		Component: d.componentStatus(),

		State:   d.rooms.stateStatus(),
		Cluster: d.rooms.cluster.Text(),
	}
	addProviders(&s, d.reloader.signIn.Status(), d.reloader.signIn.UnseenClaims())
	for i := range s.Hosts {
		s.Hosts[i].MUC = d.rooms.unasked(s.Hosts[i].Host)
	}
	found := d.probe.Last
	if !quick {
		found = func() []probe.Finding { return d.probe.Ask(probeWithin) }
	}
	for _, f := range found() {
		for i := range s.Hosts {
			if s.Hosts[i].Host == f.Host {
				s.Hosts[i].Relay = &admin.Relay{OK: f.OK, Text: f.Text, Mend: f.Mend}
			}
		}
	}
	_, s.Warnings = d.reloader.current.Load().Warnings.Split()
	if last := d.reloader.last.Load(); last != nil {
		s.LastReload = &admin.LastReload{OK: last.OK, Time: last.Time, Error: last.Reason(), Problems: last.Problems,
			Warnings: last.Warnings, RetryAt: last.RetryAt, Tries: last.Tries}
	}
	return s
}

// componentStatus is nil without a component.
func (d *daemon) componentStatus() *admin.Component {
	if d.rooms.component == nil {
		return nil
	}
	c := d.reloader.current.Load().Component
	return &admin.Component{JID: c.JID, Address: c.Address, Problem: d.rooms.problem()}
}

// hostsOf groups keys, which come ordered by host, and claims.
func hostsOf(keys []auth.KeyStatus, unseen []auth.UnseenClaim) []admin.Host {
	hosts := []admin.Host{}
	for _, k := range keys {
		if n := len(hosts); n == 0 || hosts[n-1].Host != k.Host {
			hosts = append(hosts, admin.Host{Host: k.Host})
		}
		h := &hosts[len(hosts)-1]
		h.Issuers = append(h.Issuers, admin.Issuer{
			Issuer: k.Issuer, Source: k.Source, URL: k.URL, Keys: k.Keys, Names: k.Names,
			LastSuccess: k.LastSuccess, LastFailure: k.LastFailure, Error: k.Failure, Problem: k.Problem,
			Skipped: k.Skipped,
		})
	}
	for i := range hosts {
		for _, u := range unseen {
			if u.Host == hosts[i].Host {
				hosts[i].Unseen = append(hosts[i].Unseen, admin.UnseenClaim{Claim: u.Claim, Since: u.Since})
			}
		}
	}
	return hosts
}

// notReady says why logins of some issuers cannot be decided. A refused reload is no reason: the old configuration
// works.
func (d *daemon) notReady() []string {
	reasons := []string{}
	if !d.up.Load() {
		reasons = append(reasons, "starting: the key sources are being asked for the first time")
	}
	if missing := d.rooms.sessions.Missing(); missing != "" {
		reasons = append(reasons, missing)
	}
	if problem := d.rooms.problem(); problem != "" {
		reasons = append(reasons, "component: "+problem)
	}
	if n := d.rooms.sessions.Revocations().Count(); n > sessions.MaxLearned {
		reasons = append(reasons, fmt.Sprintf("%d tokens and users are revoked, which is more than a cluster should "+
			"keep; lift some: usher sessions list --revoked", n))
	}
	reasons = append(reasons, d.rooms.cluster.NotReady()...)
	reasons = append(reasons, d.rooms.asked.Missing()...)
	if s := d.rooms.stateStatus(); s != nil && s.Stuck {
		reasons = append(reasons, "state: a write to the journal is not back: the disk hangs")
	} else if s != nil && s.Refused != "" {
		reasons = append(reasons, "state: no login can be recorded: "+s.Refused)
	}
	for _, k := range d.verifier.Keys() {
		if k.Problem != "" {
			reasons = append(reasons, "host "+k.Host+": issuer "+k.Issuer+": "+k.Source+": "+k.Problem)
		}
	}
	return reasons
}

// stateStatus is nil for a state in memory.
func (p *roomParts) stateStatus() *admin.State {
	if p.disk == nil {
		return nil
	}
	now := p.disk.Status()
	s := &admin.State{Path: now.Path, FileBytes: now.FileBytes, JournalBytes: now.JournalBytes, BehindBytes: now.Behind,
		BehindSeconds: now.Age.Seconds(), Stuck: now.Stuck}
	if now.Refused != nil {
		s.Refused = now.Refused.Error()
	}
	if now.Problem != nil {
		s.Problem = now.Problem.Error()
	}
	return s
}

// unasked is what was seen of the rooms of a host.
func (p *roomParts) unasked(host string) []admin.MUC {
	var list []admin.MUC
	for _, r := range p.asked.Of(host) {
		m := admin.MUC{MUC: r.MUC, Joins: r.Joins, Begins: r.Begins, Unasked: r.Unasked, Component: p.component != nil}
		switch {
		case r.Joins == unasked.Missing:
			m.Room, m.Account, m.Since = r.JoinsRoom, r.JoinsAccount, r.JoinsSince
		case r.Begins == unasked.Missing:
			m.Room, m.Account, m.Since = r.BeginsRoom, r.BeginsAccount, r.BeginsSince
		}
		list = append(list, m)
	}
	return list
}
