package try

import (
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/admin"
)

// TestCluster: that one usher of a cluster has seen nothing means nothing.
func TestCluster(t *testing.T) {
	trial := newRun(trialWith(t, ""))
	trial.room, trial.waited = "r@c.example.com", true
	trial.status = &admin.Status{}
	if r := trial.joinAsked(t.Context()); r.state != Failed {
		t.Errorf("alone: %+v", r)
	}
	trial.status.Cluster = "two ushers"
	if r := trial.joinAsked(t.Context()); r.state != NotReached || !strings.Contains(r.seen, "another one of the cluster") {
		t.Errorf("in a cluster: %+v", r)
	}
	if r := trial.sessionSeen(t.Context()); r.state != NotReached {
		t.Errorf("in a cluster: %+v", r)
	}
}

// TestMine: whose decisions are this trial's.
func TestMine(t *testing.T) {
	trial := newRun(trialWith(t, "listen: {gateway: \"127.0.0.1:8281\"}\n"))
	trial.Target = TargetOf(trial.Config, trial.Host)
	trial.known = auth.Report{Identity: auth.Identity{Host: "meet.example.com", Account: "try-1", AccountClaim: "Try 1"}}
	trial.bound, trial.address = "uuid@meet.example.com/x", "r@c.example.com"
	bound := trial.bound
	for _, row := range []struct {
		name string
		of   admin.Decision
		want bool
	}{
		{"by the claim", admin.Decision{About: "login", User: "Try 1", Result: "allowed"}, true},
		{"by the account", admin.Decision{About: "login", Account: "try-1@meet.example.com", Result: "allowed"}, true},
		{"by what Prosody gave", admin.Decision{About: "login", Account: "UUID@meet.example.com", Result: "allowed"}, true},
		{"another's", admin.Decision{About: "login", Account: "bob@meet.example.com", User: "bob", Result: "denied"}, false},
		{"another's without an account", admin.Decision{About: "login", User: "bob", Result: "denied"}, false},
		{"nobody's, let in", admin.Decision{About: "login", Door: "gateway", Result: "allowed"}, false},
		{"nobody's, refused here", admin.Decision{About: "login", Door: "gateway", Result: "denied"}, true},
		{"nobody's, refused elsewhere", admin.Decision{About: "login", Door: "dovecot", Result: "denied"}, false},
		{"a join", admin.Decision{About: "join", User: "Try 1", Room: "R@c.example.com", Result: "denied"}, true},
		{"a join elsewhere", admin.Decision{About: "join", User: "Try 1", Room: "s@c.example.com", Result: "denied"}, false},
		{"the room", admin.Decision{About: "room", Room: "r@c.example.com", Result: "allowed"}, true},
		{"another room", admin.Decision{About: "room", Room: "s@c.example.com", Result: "allowed"}, false},
	} {
		for _, trial.bound = range []string{bound, ""} {
			if trial.bound == "" && row.name == "by what Prosody gave" {
				continue
			}
			if got := trial.mine(&decision{row.of}); got != row.want {
				t.Errorf("%s, bound %q: %t", row.name, trial.bound, got)
			}
		}
	}
}
