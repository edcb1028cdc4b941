package main

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
