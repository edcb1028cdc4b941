package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// arrows says which packages of ours each package may import; "*" is all.
var arrows = map[string][]string{
	"usher/metrics":                  {},
	"usher/internal/jid":             {},
	"usher/auth":                     {"usher/metrics", "usher/internal/jid", "usher/internal/occasion", "usher/internal/panics"},
	"usher/auth/authtest":            {"usher/auth", "usher/metrics"},
	"usher/internal/panics":          {"usher/metrics", "usher/internal/occasion"},
	"usher/internal/listen":          {"usher/metrics", "usher/internal/occasion"},
	"usher/internal/httpd":           {"usher/internal/listen", "usher/internal/occasion", "usher/internal/panics"},
	"usher/internal/connpool":        {"usher/internal/panics"},
	"usher/auth/dovecot":             {"usher/auth", "usher/metrics", "usher/internal/connpool", "usher/internal/jid", "usher/internal/listen", "usher/internal/panics"},
	"usher/auth/extauth":             {"usher/auth", "usher/metrics", "usher/internal/connpool", "usher/internal/listen", "usher/internal/panics"},
	"usher/auth/extauth/bridge":      {"usher/auth/extauth"},
	"usher/internal/occasion":        {},
	"usher/internal/prosodyconf":     {},
	"usher/auth/httpauth":            {"usher/auth", "usher/metrics", "usher/internal/occasion", "usher/internal/httpd", "usher/internal/panics"},
	"usher/auth/gateway":             {"usher/auth", "usher/metrics", "usher/internal/occasion", "usher/internal/httpd", "usher/internal/listen", "usher/internal/panics", "usher/auth/gateway/stanza"},
	"usher/auth/gateway/stanza":      {},
	"usher/lobby":                    {"usher/metrics", "usher/internal/jid"},
	"usher/internal/guard":           {},
	"usher/internal/guard/guardtest": {"usher/internal/guard"},
	"usher/moderation/unasked":       {"usher/internal/guard"},
	"usher/moderation":               {"usher/auth", "usher/lobby", "usher/metrics", "usher/internal/guard", "usher/internal/jid", "usher/internal/occasion", "usher/internal/panics", "usher/moderation/unasked"},
	"usher/moderation/component":     {"usher/moderation", "usher/internal/jid", "usher/internal/occasion", "usher/metrics"},
	"usher/internal/memory":          {"usher/lobby", "usher/moderation"},
	"usher/internal/sqlite":          {"usher/lobby", "usher/moderation"},
	"usher/internal/storetest":       {"usher/auth", "usher/lobby", "usher/moderation"},
	"usher/cmd/usher":                {"*"},
}

func TestImportArrows(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, imported := range p.Imports {
			if why := forbidden(p.ImportPath, imported); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if strings.Contains(imported, "foxcpp/go-dovecot-sasl") {
				t.Errorf("a test of %s imports %s", p.ImportPath, imported)
			}
		}
	}
}

func forbidden(from, imported string) string {
	switch {
	case strings.Contains(imported, "foxcpp/go-dovecot-sasl"):
		return "it answers FAIL and then OK to one request"
	case strings.HasPrefix(imported, "github.com/lestrrat-go/jwx") && from != "usher/auth":
		return "only package auth may, so that it can be replaced in one place"
	case strings.HasPrefix(imported, "usher/e2e") && !strings.HasPrefix(from, "usher/e2e"):
		return "the product imports nothing of its end-to-end tests"
	case !strings.HasPrefix(imported, "usher/") || strings.HasPrefix(from, "usher/e2e"):
		return ""
	}
	if allowed := arrows[from]; slices.Contains(allowed, "*") || slices.Contains(allowed, imported) {
		return ""
	}
	return "the arrow is not in the table of the design"
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
