package moderation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every reason for a no has a text for the person: what is wrong and what can be
// done about it, in letters that every client shows as they are.
func TestPersonsTexts(t *testing.T) {
	canDo := []string{"sk for a", "Ask the moderator", "Try again", "Open your link", "Log in", "Look at", "Wait until", "Join its"}
	for _, r := range slices.Concat(DenyReasons(), UndecidedReasons()) {
		text := r.ClientText()
		wrong, todo, two := strings.Cut(text, ". ")
		can := slices.ContainsFunc(canDo, func(s string) bool { return strings.Contains(todo, s) })
		if !two || wrong == "" || !strings.HasSuffix(todo, ".") || !can {
			t.Errorf("%s: %q does not say what is wrong, and then what to do", r, text)
		}
		if len(text) > 120 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`'"&<>`, c) }) {
			t.Errorf("%s: %q is too long, or has a character that some client writes as another", r, text)
		}
	}
	for _, r := range AllowReasons() {
		if text := r.ClientText(); text != "" {
			t.Errorf("%s: %q", r, text)
		}
	}
}

// Every refusal's text for the operator says, after a semicolon, what to change,
// but for those that are put together of several. It reads the sources, so that
// no new refusal can do without.
func TestOperatorsTexts(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.go", "muc/*.go"} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	refusals := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			name, text := nameOf(call.Fun), literal(call.Args[1])
			if name != "Refuse" || text == "" || text == `"%s"` {
				return true
			}
			refusals++
			if !strings.Contains(text, "; ") {
				t.Errorf("%s: a refusal does not say what to change: %s", path, text)
			}
			return true
		})
	}
	if refusals < 16 {
		t.Errorf("only %d refusals found", refusals)
	}
}

// nameOf returns what is called, without its package.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// literal returns the source of a text that is written out, perhaps in parts.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return ""
}

// The operator is told what ended a session, and what to do about it.
func TestWhyEnded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	short := &Session{KeyID: "old", Issuer: "my-app", LoggedIn: now, Used: now, Expires: now.Add(time.Hour)}
	endless := &Session{KeyID: "old", Issuer: "my-app", LoggedIn: now, Used: now}
	for _, row := range []struct {
		g      *Session
		reason Reason
		want   string
	}{
		{short, "", ""},
		{short, ReasonKeyRemoved, `the key "old" that signed its token is no key of issuer "my-app" any more; have the client log in with a new token`},
		{short, ReasonSessionEnded, "its token expired at 2027-01-15T09:00:00Z; have the client"},
		{endless, ReasonSessionEnded, "it was last used at 2027-01-15T08:00:00Z, longer ago than moderation.idle"},
	} {
		if got := (Judged{row.g, row.g.Used, false}).why(row.reason); !strings.HasPrefix(got, row.want) || (row.want == "") != (got == "") {
			t.Errorf("%q: %q", row.reason, got)
		}
	}
}
