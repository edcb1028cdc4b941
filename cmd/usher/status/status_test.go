package status

import (
	"strings"
	"testing"
	"time"

	"usher/internal/admin"
)

// TestStatusTellsARefusedReload: the reason stands in the line, and the warnings below it.
func TestStatusTellsARefusedReload(t *testing.T) {
	const reason = `error: subject: unknown value "everybody"`
	var text strings.Builder
	printStatus(&text, admin.Status{LastReload: &admin.LastReload{Time: time.Now(), Error: reason,
		Warnings: []string{"a warning"}}})
	for _, want := range []string{"last reload: refused, ", reason, "  also: a warning\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in what usher status prints:\n%s", want, text.String())
		}
	}
}

// TestStatusOfARelaysRooms: Prosody asks nothing about the rooms of a relay, and nothing is said to be missing; who came
// past the gateway is named.
func TestStatusOfARelaysRooms(t *testing.T) {
	rooms := admin.MUC{MUC: "conference.meet.example.com", Component: true}
	host := admin.Host{Host: "meet.example.com", Relay: &admin.Relay{OK: true}, MUC: []admin.MUC{rooms}}
	var text strings.Builder
	printStatus(&text, admin.Status{Hosts: []admin.Host{host}})
	if s := text.String(); !strings.Contains(s, "the gateway decides about joins") || strings.Contains(s, "mod_muc") {
		t.Error(s)
	}
	host.MUC[0].Account, host.MUC[0].Room = "x@meet.example.com", "r@conference.meet.example.com"
	printStatus(&text, admin.Status{Hosts: []admin.Host{host}})
	if s := text.String(); !strings.Contains(s, "past it came x@meet.example.com to r@conference.meet.example.com") {
		t.Error(s)
	}
}

// TestStatusOfAGatewayWithoutBrowsers: where nobody has come in a while, the web server may lead past usher.
func TestStatusOfAGatewayWithoutBrowsers(t *testing.T) {
	for _, c := range []struct {
		up      time.Duration
		name    string
		entered int
		want    bool
	}{{time.Hour, "gateway", 0, true}, {time.Hour, "gateway", 1, false}, {time.Minute, "gateway", 0, false}, {time.Hour, "http", 0, false}} {
		var text strings.Builder
		printStatus(&text, admin.Status{Uptime: c.up.Seconds(), Listeners: map[string]string{c.name: "127.0.0.1:8281"},
			Connections: map[string]admin.Counts{c.name: {Most: 10, Entered: c.entered}}})
		if got := strings.Contains(text.String(), "does the web server lead there?"); got != c.want {
			t.Errorf("%+v: %s", c, text.String())
		}
	}
}

// TestStatusOfACluster: who takes part is one line; alone there is none.
func TestStatusOfACluster(t *testing.T) {
	var text strings.Builder
	printStatus(&text, admin.Status{})
	if s := text.String(); strings.Contains(s, "cluster") {
		t.Error(s)
	}
	printStatus(&text, admin.Status{Cluster: "node a of cell shard1: 2 of 3 nodes"})
	if s := text.String(); !strings.Contains(s, "cluster: node a of cell shard1: 2 of 3 nodes (usher cluster status)\n") {
		t.Error(s)
	}
}

// wholeLines is a writer that cmdline.Prose could be: it gets whole lines.
type wholeLines struct{ *testing.T }

func (w wholeLines) Write(text []byte) (int, error) {
	if !strings.HasSuffix(string(text), "\n") {
		w.Errorf("%q is no whole line", text)
	}
	return len(text), nil
}

// TestStatusInLines: each line is printed at once, as it could not be broken between words otherwise.
func TestStatusInLines(t *testing.T) {
	host := admin.Host{Host: "h", Issuers: []admin.Issuer{{Issuer: "i", Error: "e", Skipped: []string{"s"}}},
		Relay: &admin.Relay{Text: "t", Mend: "m"}, MUC: []admin.MUC{{MUC: "m", Account: "a"}},
		Unseen: []admin.UnseenClaim{{}}}
	other := host
	other.Relay = nil
	printStatus(wholeLines{t}, admin.Status{NotReady: []string{"n"}, Warnings: []string{"w"},
		LastReload: &admin.LastReload{Warnings: []string{"w"}}, Listeners: map[string]string{"gateway": "a"},
		Uptime: unreachedAfter.Seconds(), Shortage: "s", Cluster: "c", Hosts: []admin.Host{host, other},
		State: &admin.State{Path: "p", BehindSeconds: 5, Stuck: true, Problem: "p"}})
}
