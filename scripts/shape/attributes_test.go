package main

import (
	"strings"
	"testing"
)

// TestAttributes: what log lines have in common is made in one place.
func TestAttributes(t *testing.T) {
	h, err := read("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range h.attributes {
		t.Errorf("%s: let %s make it", where, attributes)
	}
}

// TestAttributesAreSeen: each way to name one is.
func TestAttributesAreSeen(t *testing.T) {
	for text, want := range map[string]int{
		`slog.String("account", x)`:                   1,
		`slog.Any("err", err)`:                        1,
		`s.log.Warn("text", "err", err)`:              1,
		`s.o.Log.Info("text", "room", r, "err", err)`: 2,
		`log.Error("room")`:                           1,
		`q.Get("room")`:                               0,
		`slog.String("reason", "why")`:                0,
		`logattr.Err(err)`:                            0,
	} {
		c := newCheckout(t)
		c.write("a/one.go", "package a\n\nfunc f() {\n\t"+text+"\n}\n")
		c.write("a/one_test.go", "package a\n\nfunc g() {\n\t"+text+"\n}\n")
		c.write("internal/logattr/one.go", "package a\n\nfunc f() {\n\t"+text+"\n}\n")
		h, err := read(c.dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.attributes) != want || want > 0 && !strings.HasPrefix(h.attributes[0], "a/one.go:4: ") {
			t.Errorf("%s: %q", text, h.attributes)
		}
	}
}
