package auth_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/metrics"
)

// TestTicketsOfLoginsUnderWay: hundreds may log in at the same moment with one token, and whoever asks for tickets at the
// HTTP door pushes none of theirs out.
func TestTicketsOfLoginsUnderWay(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := namelessToken(t, "1")
	var waiting, others []auth.Ticket
	for range 2048 {
		waiting = append(waiting, w.gatewayTicket(t, token, ""))
	}
	for range 17 {
		others = append(others, w.issue(t, token))
	}
	w.expect(t, others[0].Account, others[0].Text, auth.ReasonUnknownTicket)
	w.expect(t, others[1].Account, others[1].Text, "")
	w.use(t, waiting[1])
	for range 2 { // one place is free, so one is pushed out
		waiting = append(waiting, w.gatewayTicket(t, token, ""))
	}
	w.expect(t, waiting[0].Account, waiting[0].Text, auth.ReasonUnknownTicket)
	for _, ticket := range waiting[2:] {
		w.use(t, ticket)
	}
	for _, ticket := range others[2:] {
		w.expect(t, ticket.Account, ticket.Text, "")
	}
	if got := counter(t, w.m, metrics.Tickets, "result", metrics.TicketDropped.String()); got != 2 {
		t.Errorf("%v were pushed out, want 2", got)
	}
}

// TestTicketsOfLoginsEnd: they wait no longer than others, and together there are no more of them.
func TestTicketsOfLoginsEnd(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.gatewayTicket(t, goodToken(t), "")
	if ticket.ExpiresIn != time.Minute {
		t.Errorf("it waits for %v", ticket.ExpiresIn)
	}
	w.pass(time.Minute)
	w.expect(t, "alice", ticket.Text, auth.ReasonUnknownTicket)
	given := 0
	for jti := range strings.SplitSeq("abcdefghi", "") { // nine tokens
		token := namelessToken(t, jti)
		for range 2048 {
			if _, err := w.IssueTicket(t.Context(), auth.Credentials{Host: host, Token: token, Waiting: true}); err == nil {
				given++
			} else if reasonOf(err) != auth.ReasonOverloaded {
				t.Fatal(err)
			}
		}
	}
	if given != 16384 {
		t.Errorf("%d tickets wait", given)
	}
}

func TestCancelTicket(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	dropped, kept, used := w.gatewayTicket(t, goodToken(t), ""), w.gatewayTicket(t, goodToken(t), ""), w.issue(t, goodToken(t))
	w.use(t, used)
	waits := func(want bool) {
		t.Helper()
		for text, is := range map[string]bool{dropped.Text: want, kept.Text: true, used.Text: false, "": false, kept.Text[:len(kept.Text)-1] + "!": false} {
			if w.TicketWaits(text) != is {
				t.Errorf("%q waits: %v", text, !is)
			}
		}
	}
	waits(true)
	for _, text := range []string{dropped.Text, dropped.Text, used.Text, "", "ut-", goodToken(t), kept.Text[:len(kept.Text)-1] + "!", "ut-" + strings.Repeat("A", 38)} {
		w.CancelTicket(text)
	}
	waits(false)
	w.expect(t, "alice", dropped.Text, auth.ReasonUnknownTicket)
	w.expect(t, "alice", kept.Text, "")
	for result, want := range map[metrics.TicketResult]float64{metrics.TicketIssued: 3, metrics.TicketRedeemed: 2, metrics.TicketDropped: 1, metrics.TicketUnknown: 1} {
		if got := counter(t, w.m, metrics.Tickets, "result", result.String()); got != want {
			t.Errorf("%s: %v, want %v", result, got, want)
		}
	}
}

// TestTicketsKeepATokenOnce: however many tickets of a token wait, its text takes up memory once.
func TestTicketsKeepATokenOnce(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"pad": strings.Repeat("x", 5700)}))
	before := heapBytes()
	for range 2048 {
		w.gatewayTicket(t, strings.Clone(token), "") // each request has a copy of its own
	}
	if grown := heapBytes() - before; grown > 2<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
