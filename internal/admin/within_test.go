package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"usher/internal/recent"
)

// TestWithin: who asks within the process gets the answers of the socket, and what is changed has its author's name.
func TestWithin(t *testing.T) {
	m, audit := audited(stand{})
	c := Within(m.mux, nil)
	var status Status
	if err := c.Call(t.Context(), "GET", "/status", nil, &status); err != nil {
		t.Error(err)
	}
	if err := c.Call(t.Context(), "GET", DecisionsPath+"?last=x", nil, &status); err == nil || !strings.Contains(err.Error(), "no number") {
		t.Error(err)
	}
	uid := uint32(7)
	var answer Reload
	for _, a := range []struct {
		Author
		by string
	}{
		{Author{Via: "console", UID: &uid, User: "anna"}, "console, link of anna (uid 7)"},
		{Author{Via: "console", UID: &uid}, "console, link of uid 7"},
		{Author{Via: "console", User: "alice@example.com", Issuer: "my-app"}, "console: alice@example.com (my-app)"},
		{Author{Via: "console", Account: "m@meet.example.com"}, "console: m@meet.example.com"},
	} {
		if err := c.Call(WithAuthor(t.Context(), a.Author), "POST", "/reload", nil, &answer); err != nil || !answer.OK {
			t.Errorf("%v %+v", err, answer)
		}
		list := audit.List()
		if last := list[len(list)-1]; last.By() != a.by || last.Command != "reload" || !last.Done {
			t.Errorf("%s: %+v, want %s", last.By(), last, a.by)
		}
	}
}

// TestWithinNobody: nothing is changed for nobody, and not in the name of the process at the console's other side.
func TestWithinNobody(t *testing.T) {
	m, audit := audited(stand{})
	var answer Reload
	err := Within(m.mux, nil).Call(t.Context(), "POST", "/reload", nil, &answer)
	if err == nil || !strings.Contains(err.Error(), errNoAuthor.Error()) {
		t.Error(err)
	}
	if list := audit.List(); len(list) != 1 || list[0].Done || list[0].UID != nil {
		t.Errorf("%+v", list)
	}
}

// TestWithinPanic: a fault of the handler is an error, and ends nothing.
func TestWithinPanic(t *testing.T) {
	var answer any
	for name, h := range map[string]http.HandlerFunc{
		"before": func(http.ResponseWriter, *http.Request) { panic("a fault") },
		"abort":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"amid":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"a":`)); panic("a fault") },
	} {
		if err := Within(h, nil).Call(t.Context(), "GET", "/", nil, &answer); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestWithinFollow: a follower is handed what comes, and both ends leave nothing behind.
func TestWithinFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		decisions := recent.NewDecisions(nil)
		m, _ := audited(stand{})
		m.server.Decisions = decisions
		c := Within(m.mux, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Follow(ctx, DecisionsPath+"?follow=true", func(Decision) error { return nil }) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// A handler that goes on whatever its context says ends when nobody reads.
		enough := errors.New("enough")
		endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for json.NewEncoder(w).Encode(Decision{Missed: 1}) == nil {
			}
		})
		n := 0
		err := Within(endless, nil).Follow(t.Context(), "/", func(Decision) error {
			if n++; n == 3 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Error(err)
		}
	})
}

// TestNoLinkWithin: who is in the console gets no link into it, whoever that is.
func TestNoLinkWithin(t *testing.T) {
	m, audit := audited(stand{})
	var link ConsoleLink
	ctx := WithAuthor(t.Context(), Author{Via: "console", User: "alice", Issuer: "my-app"})
	if err := Within(m.mux, nil).Call(ctx, "POST", ConsolePath, nil, &link); err != nil || link.URL != "" || link.Problem == "" {
		t.Errorf("%v %+v", err, link)
	}
	if list := audit.List(); len(list) != 1 || list[0].Done {
		t.Errorf("%+v", list)
	}
}
