package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"usher/internal/console/access"
	"usher/internal/console/route"
)

// How often it is looked whether a stream's viewer may still see it, and how often something is sent in any case: web
// servers end what is silent for a minute.
const (
	lookEvery = time.Second
	beatEvery = 20 // looks
)

// stream answers with events, as long as the viewer's session goes on. It has its place.
func (s *Server) stream(o route.Route, w http.ResponseWriter, r *http.Request, v access.Viewer) {
	if r.Method != http.MethodGet {
		s.refuse(w, r, wrongMethod)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	events, err := route.Open(w, r.WithContext(ctx), v)
	if err != nil {
		return
	}
	watching.Go(func() { s.watch(ctx, cancel, events) })
	_ = o.Events(events) // the browser is gone, or what it may see has ended; it asks again
}

// watch ends a stream when its viewer's session ends, or nobody reads it.
func (s *Server) watch(ctx context.Context, end context.CancelFunc, events *route.Stream) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.State.Holds(events.Viewer) || n%beatEvery == 0 && events.Beat() != nil {
			end()
			return
		}
	}
}
