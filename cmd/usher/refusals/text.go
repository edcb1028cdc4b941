package refusals

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"usher/internal/admin"
	"usher/internal/explain"
	"usher/internal/text"
)

// headOf is a decision in one line.
func headOf(d admin.Decision) string {
	if d.Missed > 0 {
		return fmt.Sprintf("%s were not shown, as they came too fast", text.Plural(d.Missed, "decision"))
	}
	verdict := map[string]string{"allowed": "allowed", "denied": "refused"}[d.Result]
	words := []string{d.Time.Local().Format(time.DateTime), string(d.About), cmp.Or(verdict, "not decided"), "at", d.Door}
	if who := whoOf(d); who != "" {
		words = append(words, who)
	}
	if d.Room != "" {
		words = append(words, "in", text.Printable(d.Room))
	}
	head := strings.Join(words, " ")
	if d.Reason != "ok" && d.Reason != "" {
		head += ": " + d.Reason
	}
	if d.LoginID != 0 {
		head += " (" + d.LoginID.String() + ")"
	}
	return head
}

// whoOf is who asked, as far as it is proven; else what the client called itself, with a question mark.
func whoOf(d admin.Decision) string {
	who := cmp.Or(d.Account, d.User)
	if who == "" && strings.Trim(d.Name, "@") != "" {
		return text.Printable(d.Name) + "?"
	}
	if behind := cmp.Or(d.User, d.DisplayName, d.DisplayID); behind != "" && !strings.HasPrefix(who, behind) {
		who += " [" + behind + "]"
	}
	return text.Printable(who)
}

// textOf is a decision with all that explains it.
func textOf(d admin.Decision) string {
	var b strings.Builder
	b.WriteString(headOf(d) + "\n")
	var facts []string
	for _, f := range [][2]string{{"host", d.Host}, {"issuer", d.Issuer}, {"key", d.Key}, {"as", d.Affiliation}} {
		if f[1] != "" && (f[0] != "as" || d.Allowed()) {
			facts = append(facts, f[0]+" "+text.Printable(f[1]))
		}
	}
	if len(facts) > 0 {
		b.WriteString("  " + strings.Join(facts, ", ") + "\n")
	}
	for _, line := range d.Checks {
		b.WriteString("  " + explain.Line(line))
	}
	for _, f := range [][2]string{{"the person reads", d.Person}, {"how it comes about", d.Cause}, {"what to do", d.Mend}} {
		if f[1] != "" {
			b.WriteString("  " + f[0] + ": " + f[1] + "\n")
		}
	}
	return b.String()
}
