package explain

import (
	"fmt"
	"strings"

	"usher/auth"
	"usher/internal/text"
	"usher/moderation"
)

// mark is the sign of a line.
func mark(line auth.CheckLine) string {
	switch {
	case line.OK:
		return "✓"
	case line.Skipped:
		return "–"
	}
	return "✗"
}

// Line is one check for people, with its end of line.
func Line(line auth.CheckLine) string {
	return strings.TrimRight(fmt.Sprintf("%s %-11s %s", mark(line), line.Name, text.Printable(line.Detail)), " ") + "\n"
}

// Text returns a report for people, a line a check and the verdict last: ✓ passed, ✗ failed, – not checked.
func Text(r auth.Report) string {
	var b strings.Builder
	for _, line := range r.Checks {
		b.WriteString(Line(line))
	}
	writeInner(&b, r.Inner)
	b.WriteString(Verdict(r) + "\n")
	return b.String()
}

// Verdict is what comes of a report, in one line.
func Verdict(r auth.Report) string {
	switch {
	case !r.Allowed && r.Reason.ClientText() == "": // the room's reason
		return fmt.Sprintf("refused: %s: %s", r.Reason, moderation.Reason(r.Reason).ClientText())
	case !r.Allowed:
		return fmt.Sprintf("refused: %s: %s", r.Reason, r.Reason.ClientText())
	case r.Affiliation != "" && r.Account == "":
		return "allowed, with a random account, as " + r.Affiliation
	case r.Affiliation != "":
		return fmt.Sprintf("allowed as %s, and as %s", r.Account, r.Affiliation)
	case r.Account == "":
		return "allowed, with a random account"
	}
	return "allowed as " + r.Account
}

// writeInner says what Jitsi's modules would be told of the token.
func writeInner(b *strings.Builder, r *auth.InnerReport) {
	if r == nil {
		return
	}
	fmt.Fprintf(b, "→ %-11s %s\n", "to Prosody", text.Printable(string(r.Claims)))
	for _, l := range r.LeftOut {
		fmt.Fprintf(b, "→ %-11s %s: %s\n", "left out", text.Printable(l.Claim), l.Why)
	}
}
