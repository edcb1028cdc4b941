package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	"usher/auth"
	"usher/internal/listen"
)

// statusAnswer is what GET /status and usher status --json tell.
type statusAnswer struct {
	Version    string            `json:"version"`
	PID        int               `json:"pid"`
	Uptime     float64           `json:"uptime_seconds"`
	Config     string            `json:"config"`
	Ready      bool              `json:"ready"`
	NotReady   []string          `json:"not_ready"`
	LastReload *lastReload       `json:"last_reload,omitempty"` // absent before the first reload
	Warnings   []string          `json:"warnings"`              // of the configuration in force
	Hosts      []hostStatus      `json:"hosts"`
	Listeners  map[string]string `json:"listeners"` // address by name

	Connections map[string]listen.Counts `json:"connections"`        // by name
	Shortage    string                   `json:"shortage,omitempty"` // of file descriptors
}

type lastReload struct {
	OK    bool      `json:"ok"`
	Time  time.Time `json:"time"`
	Error string    `json:"error,omitempty"` // why it was refused: the first problem that is not a warning

	Warnings []string  `json:"warnings"`
	RetryAt  time.Time `json:"retry_at,omitzero"` // it was refused for a reason that may pass
	Tries    int       `json:"tries,omitempty"`
}

type hostStatus struct {
	Host    string         `json:"host"`
	Issuers []issuerStatus `json:"issuers"`
	Unseen  []unseenClaim  `json:"unseen_claims,omitempty"`
	MUC     []mucStatus    `json:"muc,omitempty"`
}

// An unseenClaim is one of moderation.moderators that no token had.
type unseenClaim struct {
	Claim string    `json:"claim"`
	Since time.Time `json:"since"`
}

type issuerStatus struct {
	Issuer      string    `json:"issuer"`
	Source      string    `json:"source"`        // files, jwks or asap
	URL         string    `json:"url,omitempty"` // without user name and query
	Keys        int       `json:"keys"`
	Names       []string  `json:"key_names,omitempty"`   // their kid, or the file's name; the first 16
	LastSuccess time.Time `json:"last_success,omitzero"` // of the last fetch
	LastFailure time.Time `json:"last_failure,omitzero"` // of the last fetch, if that failed
	Error       string    `json:"error,omitempty"`       // why it did
	Problem     string    `json:"problem,omitempty"`     // why no token can be verified
	Skipped     []string  `json:"skipped,omitempty"`     // what of the source is not used, and why
}

// adminHandler answers usher reload and usher status.
func (d *usherd) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, d.status()) })
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		result, err := d.reloader.ask(r.Context())
		if err != nil {
			http.Error(w, "the daemon is stopping", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, result)
	})
	d.rooms.admin(mux)
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
}

func (d *usherd) status() statusAnswer {
	notReady := d.notReady()
	s := statusAnswer{
		Version:   d.version,
		PID:       os.Getpid(),
		Uptime:    time.Since(d.started).Seconds(),
		Config:    d.reloader.path,
		Ready:     len(notReady) == 0,
		NotReady:  notReady,
		Hosts:     hostsOf(d.verifier.Keys(), d.verifier.UnseenClaims()),
		Listeners: d.endpoints.addressesOf(),

		Connections: d.endpoints.connectionCounts(),
		Shortage:    *d.endpoints.shortage.Load(),
	}
	for i := range s.Hosts {
		s.Hosts[i].MUC = d.rooms.unasked(s.Hosts[i].Host)
	}
	_, s.Warnings = d.reloader.current.Load().Warnings.Split()
	if last := d.reloader.last.Load(); last != nil {
		s.LastReload = &lastReload{OK: last.OK, Time: last.Time, Error: last.reason(), Warnings: last.Warnings, RetryAt: last.RetryAt, Tries: last.Tries}
	}
	return s
}

// hostsOf groups keys, which come ordered by host, and claims.
func hostsOf(keys []auth.KeyStatus, unseen []auth.UnseenClaim) []hostStatus {
	hosts := []hostStatus{}
	for _, k := range keys {
		if n := len(hosts); n == 0 || hosts[n-1].Host != k.Host {
			hosts = append(hosts, hostStatus{Host: k.Host})
		}
		h := &hosts[len(hosts)-1]
		h.Issuers = append(h.Issuers, issuerStatus{
			Issuer: k.Issuer, Source: k.Source, URL: k.URL, Keys: k.Keys, Names: k.Names,
			LastSuccess: k.LastSuccess, LastFailure: k.LastFailure, Error: k.Failure, Problem: k.Problem, Skipped: k.Skipped,
		})
	}
	for i := range hosts {
		for _, u := range unseen {
			if u.Host == hosts[i].Host {
				hosts[i].Unseen = append(hosts[i].Unseen, unseenClaim{u.Claim, u.Since})
			}
		}
	}
	return hosts
}

// notReady says why logins of some issuers cannot be decided. A refused reload is no reason: the old configuration works.
func (d *usherd) notReady() []string {
	reasons := []string{}
	if !d.up.Load() {
		reasons = append(reasons, "starting: the key sources are being asked for the first time")
	}
	if problem := d.rooms.problem(); problem != "" {
		reasons = append(reasons, "component: "+problem)
	}
	reasons = append(reasons, d.rooms.sessions.Missing()...)
	for _, k := range d.verifier.Keys() {
		if k.Problem != "" {
			reasons = append(reasons, "host "+k.Host+": issuer "+k.Issuer+": "+k.Source+": "+k.Problem)
		}
	}
	return reasons
}
