package logattr_test

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"usher/internal/logattr"
)

func TestAttributes(t *testing.T) {
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.LogAttrs(t.Context(), slog.LevelInfo, "x", logattr.Account("alice@h"), logattr.Room("r@conference.h"),
		logattr.Host(strings.Repeat("h", 65)), logattr.Err(io.EOF), logattr.Hint("wait"), logattr.NotLogged(3))
	want := "level=INFO msg=x account=alice@h room=r@conference.h host=" + strings.Repeat("h", 64) + "… err=EOF hint=wait not_logged=3\n"
	if b.String() != want {
		t.Errorf("got %swant %s", b.String(), want)
	}
	b.Reset()
	log.LogAttrs(t.Context(), slog.LevelInfo, "x", logattr.Account(strings.Repeat("a", 5000)), logattr.Room(strings.Repeat("r", 5000)))
	if n := b.Len(); n > 600 {
		t.Errorf("a line of %d bytes", n)
	}
}
