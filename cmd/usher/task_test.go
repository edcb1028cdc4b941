package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestRunTasks(t *testing.T) {
	waits := task{"waits", func(ctx context.Context) error { <-ctx.Done(); return nil }}
	for _, c := range []struct {
		name, want string
		run        func(context.Context) error
	}{
		{"a failure", "task fails: broken", func(context.Context) error { return errors.New("broken") }},
		{"a panic", "task fails: panic", func(context.Context) error { panic("oops") }},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := runTasks(ctx, cancel, []task{waits, {"fails", c.run}}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(nil)
	if err := runTasks(ctx, cancel, []task{waits}, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("a cancelled task: %v", err)
	}
}
