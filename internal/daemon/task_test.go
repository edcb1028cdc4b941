package daemon

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/panics"
	"usher/metrics"
)

func TestRunTasks(t *testing.T) {
	m := metrics.New("test")
	waits := task{"waits", func(ctx context.Context) error { <-ctx.Done(); return nil }}
	for _, c := range []struct {
		name, want string
		run        func(context.Context) error
	}{
		{"a failure", "task fails: broken", func(context.Context) error { return errors.New("broken") }},
		{"a panic", "task fails: panic", func(context.Context) error { panic("oops") }},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := runTasks(ctx, cancel, []task{waits, {"fails", c.run}}, panics.New(nil, m))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(nil)
	if err := runTasks(ctx, cancel, []task{waits}, panics.New(nil, m)); err != nil {
		t.Errorf("a cancelled task: %v", err)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), `usher_panics_total{door="other"} 1`+"\n") {
		t.Error("the panic is not counted once")
	}
}
