package pages

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"sync"
	"time"

	"usher/internal/admin"
	"usher/internal/console/live"
)

// A topic is a kind of page that changes by itself.
type topic struct {
	live.Topic
	path  string
	watch func(ctx context.Context)
}

// How often the API is asked by what it cannot tell of by itself, while such a page is open.
const (
	statusEvery = 5 * time.Second
	knocksEvery = time.Second
	auditEvery  = 2 * time.Second
	drawnEvery  = 15 * time.Second
)

func (p *Pages) newTopics() []*topic {
	overview, refusals := &topic{path: "/events/overview"}, &topic{path: "/events/refusals"}
	waiting, audit := &topic{path: "/events/waiting"}, &topic{path: "/events/audit"}
	overview.watch = p.asking(quickStatus, statusEvery, overview, withoutClock)
	waiting.watch = p.asking("/lobby/knocks/version", knocksEvery, waiting, same)
	audit.watch = p.asking(admin.AuditPath+"?last=1", auditEvery, audit, same)
	refusals.watch = func(ctx context.Context) {
		// An error ends it, and it is begun again: the pages are there meanwhile.
		_ = p.o.API.Follow(ctx, admin.DecisionsPath+"?follow=true&all=true&last=1", func(admin.Decision) error {
			refusals.Tell()
			return nil
		})
	}
	return []*topic{overview, refusals, waiting, audit}
}

// Run looks for what changes on pages that are open, until ctx ends.
func (p *Pages) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, t := range p.topics {
		group.Go(func() { _ = t.Run(ctx, t.watch) }) // nil by its contract
	}
	group.Wait()
	return nil
}

// asking asks for something again and again, and tells the topic when the answer is another, or somebody has joined;
// and once more after that. For a page may have looked between two answers that are the same, and show what was there
// in between: who knocked and was admitted within that second.
func (p *Pages) asking(path string, every time.Duration, t *topic,
	of func(json.RawMessage) string) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for last, known, again := "", false, false; ; known = true {
			came := t.Came()
			var answer json.RawMessage
			if err := p.o.API.Call(ctx, http.MethodGet, path, nil, &answer); err == nil {
				now := of(answer)
				changed := came || now != last
				if known && (changed || again) {
					t.Tell()
				}
				last, again = now, changed
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}

func same(answer json.RawMessage) string { return string(answer) }

// withoutClock is a status but for who is connected at the moment, and since when it runs no finer than the plots are
// to be drawn anew.
func withoutClock(answer json.RawMessage) string {
	var s admin.Status
	if json.Unmarshal(answer, &s) != nil {
		return string(answer)
	}
	s.Uptime, s.Connections, s.State = math.Floor(s.Uptime/drawnEvery.Seconds()), nil, nil
	plain, _ := json.Marshal(s) // it came out of JSON
	return string(plain)
}
