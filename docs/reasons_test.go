package docs

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/text"
	"usher/metrics"
	"usher/moderation"
)

var update = flag.Bool("update", false, "write docs/reasons.md anew")

// A reason is a word of a closed list, and what an operator is told of it.
type reason struct {
	word string
	text.Help
}

// reasonsOf reads a list.
func reasonsOf[R interface{ Help() text.Help }](list []R) []reason {
	var reasons []reason
	for _, r := range list {
		reasons = append(reasons, reason{fmt.Sprint(r), r.Help()})
	}
	return reasons
}

// A reasonTable is one list on the page.
type reasonTable struct {
	heading string // or empty: it follows the one before
	text    string
	reasons []reason
	mends   bool // each has a cause and a mend
}

func reasonTables() []reasonTable {
	var denied, undecided []auth.Reason
	for _, r := range auth.Reasons() {
		if r.Undecided() {
			undecided = append(undecided, r)
		} else {
			denied = append(denied, r)
		}
	}
	refused := slices.Concat(moderation.DenyReasons(), moderation.UndecidedReasons())
	return []reasonTable{
		{"Logins", "", reasonsOf(denied), true},
		{"", "Not decided; the same login may succeed a little later:", reasonsOf(undecided), true},
		{"Joins", "Refused, and at the end not decided:", reasonsOf(refused), true},
		{"", "Allowed:", reasonsOf(moderation.AllowReasons()), false},
		{"Sessions of the gateway", "Why one ended (`usher_gateway_sessions_ended_total`, and the line `gateway session ended`):",
			reasonsOf(metrics.Endings()), true},
		{"Requests at the gateway", "Why one did not pass (`usher_gateway_refused_total`):", reasonsOf(metrics.Refusals()), true},
		{"Messages of the lobby", "Why one was not sent (`usher_lobby_messages_lost_total`):", reasonsOf(metrics.LobbyLosses()), true},
	}
}

const reasonsHead = `<!-- Made of the texts beside the reasons (Help in auth, moderation and metrics) by TestReasons; change them there. -->

# Reasons: why a login or a join was refused

The same word stands in the log (` + "`reason=`" + `), in the label ` + "`reason`" + ` of the [series](metrics-and-logs.md#series), and in
` + "`usher token explain`" + `, which says more about one token: [operating.md](operating.md#why-a-login-was-refused). The log
line's ` + "`detail`" + ` says what to change, after its semicolon.
`

// reasonsPage returns the page of all lists.
func reasonsPage() string {
	var b strings.Builder
	b.WriteString(reasonsHead)
	for _, t := range reasonTables() {
		if t.heading != "" {
			b.WriteString("\n## " + t.heading + "\n")
		}
		if t.text != "" {
			b.WriteString("\n" + t.text + "\n")
		}
		if t.mends {
			b.WriteString("\n| reason | means | how it comes about | what to do |\n|---|---|---|---|\n")
		} else {
			b.WriteString("\n| reason | means |\n|---|---|\n")
		}
		for _, r := range t.reasons {
			fmt.Fprintf(&b, "| `%s` | %s |", r.word, r.Meaning)
			if t.mends {
				fmt.Fprintf(&b, " %s | %s |", r.Cause, r.Mend)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// TestReasons: the page of reasons is what the texts beside them make of it. After a change of them:
// go test ./docs -run TestReasons -update
func TestReasons(t *testing.T) {
	want := reasonsPage()
	if *update {
		if err := os.WriteFile("reasons.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if readFile(t, "docs/reasons.md") != want {
		t.Error("docs/reasons.md is not what the texts beside the reasons say; " +
			"go test ./docs -run TestReasons -update writes it anew")
	}
}

// TestReasonsTexts: each reason of each list has all that an operator needs, once, and in one cell of a table.
func TestReasonsTexts(t *testing.T) {
	n := 0
	for _, table := range reasonTables() {
		seen := map[string]bool{}
		for _, r := range table.reasons {
			n++
			if r.word == "" || seen[r.word] || r.Meaning == "" || table.mends != (r.Cause != "") || table.mends != (r.Mend != "") {
				t.Errorf("%s%s: %q: %+v", table.heading, table.text, r.word, r.Help)
			}
			seen[r.word] = true
			all := r.Meaning + r.Cause + r.Mend
			if strings.ContainsAny(all, "|\n") || strings.HasSuffix(r.Meaning, ".") || strings.HasSuffix(r.Mend, ".") {
				t.Errorf("%q: %+v does not fit into a table", r.word, r.Help)
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d reasons were found", n)
	}
	if none := auth.Reason("none").Help(); none != (text.Help{}) {
		t.Errorf("what is no reason: %+v", none)
	}
	if none := metrics.Ending(0).Help(); none != (text.Help{}) {
		t.Errorf("what is no ending: %+v", none)
	}
}
