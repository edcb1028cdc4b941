package metrics_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"usher/metrics"
)

// lists are the closed lists, by their type: the values, and where one of them
// stands in the scrape.
func lists() map[string][]string {
	return map[string][]string{
		"Closing":        words(`usher_connections_closed_total{endpoint="http",reason=%q}`, metrics.Closings()),
		"Ending":         words(`usher_gateway_sessions_ended_total{reason=%q}`, metrics.Endings()),
		"Fetch":          words(`usher_jwks_fetches_total{issuer="portal",result=%q}`, metrics.Fetches()),
		"LobbyLoss":      words(`usher_lobby_messages_lost_total{kind="knock",reason=%q}`, metrics.LobbyLosses()),
		"LobbyMessage":   words(`usher_lobby_messages_lost_total{kind=%q,reason="late"}`, metrics.LobbyMessages()),
		"Module":         words(`usher_prosody_unasked{module=%q}`, metrics.Modules()),
		"Refusal":        words(`usher_gateway_refused_total{reason=%q}`, metrics.Refusals()),
		"Result":         words(`,result=%q} `, metrics.Results()),
		"StateOperation": words(`usher_state_errors_total{operation=%q}`, metrics.StateOperations()),
		"TicketResult":   words(`usher_tickets_total{result=%q}`, metrics.TicketResults()),
		"Transport":      words(`usher_gateway_connections{transport=%q}`, metrics.Transports()),
	}
}

func words[L fmt.Stringer](format string, list []L) []string {
	var lines []string
	for _, l := range list {
		lines = append(lines, fmt.Sprintf(format, l))
	}
	return lines
}

// TestListsAreClosed: each constant has a value of its own and a series from the
// start, and each type of constants stands here.
func TestListsAreClosed(t *testing.T) {
	text, constants := scrape(t, lived()), constantsOfLabels(t)
	for name, lines := range lists() {
		if constants[name] != len(lines) {
			t.Errorf("%s: %d constants and %d in the list", name, constants[name], len(lines))
		}
		delete(constants, name)
		seen := map[string]bool{}
		for _, line := range lines {
			if strings.Contains(line, `""`) || seen[line] {
				t.Errorf("%s: a constant has no value of its own: %s", name, line)
			}
			seen[line] = true
			if !strings.Contains(text, line) {
				t.Errorf("%s: there is no series %s", name, line)
			}
		}
	}
	for name := range constants {
		t.Errorf("%s: its list is not tested", name)
	}
}

// constantsOfLabels counts the constants of each type of labels, by reading the
// package.
func constantsOfLabels(t *testing.T) map[string]int {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, e := range entries {
		if !regexp.MustCompile(`^[a-z_]+\.go$`).MatchString(e.Name()) || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if block, ok := d.(*ast.GenDecl); ok && block.Tok == token.CONST {
				first := block.Specs[0].(*ast.ValueSpec)
				if typ, ok := first.Type.(*ast.Ident); ok {
					counts[typ.Name] += len(block.Specs)
				}
			}
		}
	}
	return counts
}

// TestZeroIsNone: what names nothing is not counted.
func TestZeroIsNone(t *testing.T) {
	m := metrics.New("test")
	before := ours(scrape(t, m))
	m.StateError(0)
	m.Ticket(0)
	m.LobbyMessageLost(0, metrics.LostFull)
	m.LobbyMessageLost(metrics.LobbyKnock, 0)
	m.Affiliation("outcast", true)
	m.Endpoint("http").Closed(0)
	if after := ours(scrape(t, m)); after != before {
		t.Errorf("%s", after)
	}
	if w := metrics.Ending(200).String(); w != "" {
		t.Errorf("%q", w)
	}
}
