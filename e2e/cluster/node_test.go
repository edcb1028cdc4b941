package cluster

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/daemon"
	"usher/e2e/tokens"
	"usher/internal/admin"
	"usher/metrics"
)

const (
	host  = "meet.example.com"
	rooms = "conference.meet.example.com"
	// clusterSecret is what nodes know each other by.
	clusterSecret = "0b7f5d2c94e1a8365fd07c3e9b12a4687c50e9d3f1b8264a"
	// patience bounds what a loaded machine may take for anything.
	patience = 30 * time.Second
	// little is the least max_staleness that there is.
	little = 5 * time.Second
)

// An address is where an engine is found.
type address interface{ Address() string }

// nodeConfig says which node it is.
type nodeConfig struct {
	Name      string
	Cell      string        // "shard1" unless given
	Redis     string        // redis://…
	Staleness time.Duration // a minute unless given
	Secret    string        // clusterSecret unless given
}

// A node is an usher among several.
type node struct {
	*daemon.Daemon
	t *testing.T
}

func at(a address) string { return "redis://" + a.Address() + "/0" }

// newNode makes a node that does not run yet.
func newNode(t *testing.T, c nodeConfig) *node {
	t.Helper()
	n := &node{daemon.New(t), t}
	if c.Cell == "" {
		c.Cell = "shard1"
	}
	if c.Staleness == 0 {
		c.Staleness = time.Minute
	}
	if c.Secret == "" {
		c.Secret = clusterSecret
	}
	n.Write("cluster.secret", c.Secret)
	n.Write("usher.yaml", fmt.Sprintf(`state: sqlite:%s
listen: {dovecot: %s, http: %s, metrics: %s, admin: %s}
http_secret_file: http.secret
cluster: {redis: "%s", secret_files: [cluster.secret], node: %s, cell: %s, max_staleness: %s}
hosts:
  %s:
    muc: [%s]
    issuers: {%s: {secret_files: [my-app.secret], audience: [%s]}}
`, n.Path("usher.db"), n.Path("auth.sock"), n.HTTP, n.Path("metrics.sock"), n.Path("admin.sock"), c.Redis, c.Name,
		c.Cell, c.Staleness, host, rooms, authtest.Issuer, authtest.Audience))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", c.Name, n.Log())
		}
	})
	return n
}

// together starts nodes, and returns when each knows all of them.
func together(t *testing.T, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		n.Start()
	}
	for _, n := range nodes {
		n.knows(len(nodes))
	}
}

// knows waits until the node lets people in, and so many nodes live, as far as it knows.
func (n *node) knows(nodes int) {
	n.t.Helper()
	n.until(fmt.Sprintf("%d nodes, all in step", nodes), func(a admin.ClusterAnswer) bool {
		lives := 0
		for _, v := range a.Nodes {
			if v.Lives && v.InStep {
				lives++
			}
		}
		return a.Fresh && lives == nodes
	})
}

// until waits for what usher cluster status says.
func (n *node) until(what string, ok func(admin.ClusterAnswer) bool) {
	n.t.Helper()
	var a admin.ClusterAnswer
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if a = n.status(); ok(a) {
			return
		}
		if time.Now().After(end) {
			n.t.Fatalf("never: %s: %+v", what, a)
		}
	}
}

func (n *node) status() (a admin.ClusterAnswer) {
	n.t.Helper()
	out, _ := n.Try(n.t, "cluster", "status", "--json") // the exit code is that of problems
	line, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	return a
}

// The answers to a login.
const (
	in        = "OK"
	denied    = "FAIL"
	temporary = "FAIL temp"
)

// tokenOf makes a token that is good for all rooms. Its iat is that of now.
func tokenOf(t testing.TB, user string) string {
	return tokens.Sign(t, host, tokens.Claims(user, "*", map[string]any{"iat": time.Now().Unix()}))
}

// login asks for a login, as mod_auth_dovecot does, with a token of its own.
func (n *node) login(user string) string {
	n.t.Helper()
	answer, _ := n.loginWith(user, tokenOf(n.t, user))
	return answer
}

func (n *node) loginWith(user, token string) (answer string, took time.Duration) {
	n.t.Helper()
	answer, took, err := ask(n.Path("auth.sock"), user, token)
	if err != nil {
		n.t.Fatalf("%v\n%s", err, n.Log())
	}
	return answer, took
}

// ask asks the door once. The time is that from the question to the answer.
func ask(socket, user, token string) (answer string, took time.Duration, err error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return "", 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	response := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + token))
	fmt.Fprint(c, "VERSION\t1\t1\nCPID\t1\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() && lines.Text() != "DONE" {
	}
	began := time.Now()
	fmt.Fprintf(c, "AUTH\t1\tPLAIN\tservice=%s\tresp=%s\n", host, response)
	for lines.Scan() {
		switch word, rest, _ := strings.Cut(lines.Text(), "\t"); {
		case word == "FAIL" && strings.Contains("\t"+rest+"\t", "\ttemp\t"):
			return temporary, time.Since(began), nil
		case word == "OK" || word == "FAIL":
			return word, time.Since(began), nil
		}
	}
	return "", 0, fmt.Errorf("the door gave no answer: %w", lines.Err())
}

// joins asks whether an account may join a room, as Prosody does.
func (n *node) joins(user, room string) (allowed bool) {
	n.t.Helper()
	q := url.Values{"userJID": {user + "@" + host}, "mucJID": {room + "@" + rooms}, "nickname": {user}}
	request, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL("/muc/join?"+q.Encode()), nil)
	if err != nil {
		n.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+daemon.HTTPSecret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Allowed *bool }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Allowed == nil {
		n.t.Fatalf("the answer about a join: %d, %v", response.StatusCode, err)
	}
	return *answer.Allowed
}

// awaitJoin waits until an account may join.
func (n *node) awaitJoin(user string) {
	n.t.Helper()
	await(n.t, user+" may join", func() bool { return n.joins(user, "standup") })
}

// await waits until something is so.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// wants fails the test unless a login has an answer.
func (n *node) wants(user, answer string) {
	n.t.Helper()
	if got := n.login(user); got != answer {
		n.t.Errorf("a login of %s: %s, want %s", user, got, answer)
	}
}

// comes waits until a login with a token has an answer, with few enough tries for the limit of a token, and returns
// when the first one with that answer was asked for.
func (n *node) comes(user, token, answer string) time.Time {
	n.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(60 * time.Millisecond) {
		began := time.Now()
		got, _ := n.loginWith(user, token)
		if got == answer {
			return began
		}
		if began.After(end) {
			n.t.Fatalf("a login of %s: %s for ever, want %s", user, got, answer)
		}
	}
}

// revoke revokes a user, and returns what is printed.
func (n *node) revoke(user string) string {
	n.t.Helper()
	return n.Run(n.t, "sessions", "revoke", "--user", user)
}

// counts returns the value of a series.
func (n *node) counts(series string) float64 {
	n.t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(n.Scrape(n.t))
	if m == nil {
		n.t.Fatalf("no series %s", series)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

// contains fails the test unless a text has all parts.
func contains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

// writerOf is the series of who writes.
func writerOf(cell string) string { return metrics.ClusterWriter + `{cell="` + cell + `"}` }
