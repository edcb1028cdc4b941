package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/lobby"
)

// nothingKept is a state that takes everything and keeps nothing.
type nothingKept struct{}

func (nothingKept) LoadLobby(context.Context) (lobby.State, error)    { return lobby.State{}, nil }
func (nothingKept) ApplyLobby(context.Context, ...lobby.Change) error { return nil }
func (nothingKept) LearnLobby(context.Context, ...lobby.Change) error { return nil }

// TestImportIsWhole: an import of which a part cannot be put on the whitelist takes nothing off it, and puts nothing
// on.
func TestImportIsWhole(t *testing.T) {
	many := make([]lobby.Entry, lobby.MaxEntries)
	for i := range many {
		many[i].JID = fmt.Sprintf("a%d@h", i)
	}
	for name, list := range map[string][]lobby.Entry{
		"a long note":         {{JID: "new@h"}, {JID: "x@h", Note: strings.Repeat("n", 300)}},
		"a pattern":           {{JID: "new@h"}, {JID: "x@h", Room: "*]x"}},
		"no account":          {{JID: "new@h"}, {JID: "@h"}},
		"a foreign component": {{JID: "new@h"}, {JID: "x@h", Room: "a@elsewhere"}},
		"part of a second": {{JID: "new@h"}, {JID: "x@h",
			Until: time.Now().Add(time.Hour).Truncate(time.Second).Add(1)}},
		"too many": many,
	} {
		l := lobby.New(nothingKept{}, lobby.Options{})
		fixed, err := l.Prepare([]lobby.Entry{{JID: "fixed@h"}})
		if err != nil {
			t.Fatal(err)
		}
		fixed.Commit()
		if err := l.Allow(t.Context(), lobby.Entry{JID: "old@h"}); err != nil {
			t.Fatal(err)
		}
		s := &server{Options{Whitelist: whitelist{l}, MUCs: func() []string { return []string{"conference.h"} }}}
		body, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.importLobby(httptest.NewRequestWithContext(t.Context(), "POST", "/lobby/import?replace=true",
			strings.NewReader(string(body))))
		if err == nil || !strings.HasPrefix(err.Error(), "nothing was changed: ") {
			t.Errorf("%s: %v", name, err)
		}
		if got := l.List(); len(got) != 2 || got[0].JID != "fixed@h" || got[1].JID != "old@h" {
			t.Errorf("%s: the whitelist is %v", name, got[:min(len(got), 4)])
		}
	}
}

// TestImportOfBytes: a list that is small as text and large in memory, and what is no list, are refused before they are
// kept; nothing is taken off the whitelist for them.
func TestImportOfBytes(t *testing.T) {
	l := lobby.New(nothingKept{}, lobby.Options{})
	if err := l.Allow(t.Context(), lobby.Entry{JID: "old@h"}); err != nil {
		t.Fatal(err)
	}
	s := &server{Options{Whitelist: whitelist{l}, MUCs: func() []string { return nil }}}
	for body, want := range map[string]string{
		"[" + strings.Repeat("{},", 5<<20) + "{}]": "over 100000 entries",
		"null":                        "no list",
		`{"jid":"new@h"}`:             "no list",
		`[{"jid":"new@h"}`:            "EOF",
		"":                            "EOF",
		`[{"jid":"new@h"}] [{}]`:      "something follows",
		`[{"jid":"new@h"}] x`:         "invalid character",
		strings.Repeat(" ", 16<<20+1): "over 16 MiB",
	} {
		_, err := s.importLobby(httptest.NewRequestWithContext(t.Context(), "POST", "/lobby/import?replace=true",
			strings.NewReader(body)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v", body, err)
		}
		if got := l.List(); len(got) != 1 || got[0].JID != "old@h" {
			t.Errorf("%.30q: the whitelist is %v", body, got[:min(len(got), 4)])
		}
	}
}

// TestReadEntriesOfBytes: as text likewise.
func TestReadEntriesOfBytes(t *testing.T) {
	entries, problems := ReadEntries(strings.NewReader(strings.Repeat("h\n", 1<<20)))
	if len(entries) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "over 100000 entries") {
		t.Errorf("%d entries, %q", len(entries), problems[:min(len(problems), 4)])
	}
	entries, problems = ReadEntries(strings.NewReader(strings.Repeat("h\n", 100_000) + "\n# the end\n"))
	if len(entries) != 100_000 || len(problems) > 0 {
		t.Errorf("as many as it may have: %d entries, %q", len(entries), problems)
	}
	entries, problems = ReadEntries(strings.NewReader("a@h\n" + strings.Repeat("no entry at all\n", 1<<16)))
	if last := len(problems) - 1; len(entries) > 0 || last != 100 || problems[last] != "line 102: from here on nothing was read" {
		t.Errorf("%d entries, %d problems, %q", len(entries), len(problems), problems[max(0, last)])
	}
}

// whitelist is a lobby of which nobody wants to know what changed.
type whitelist struct{ *lobby.Lobby }

func (w whitelist) Remove(ctx context.Context, key lobby.EntryKey) error {
	_, err := w.Lobby.Remove(ctx, key)
	return err
}
