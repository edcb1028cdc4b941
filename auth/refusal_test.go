package auth_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"usher/auth"
)

// TestRefusalOf: whatever a door is given, what it answers has a reason.
func TestRefusalOf(t *testing.T) {
	expired := auth.Refuse(auth.ReasonExpired, "an hour ago")
	var none *auth.Refusal
	for _, row := range []struct {
		err  error
		want auth.Reason
	}{
		{expired, auth.ReasonExpired},
		{fmt.Errorf("at the door: %w", expired), auth.ReasonExpired},
		{errors.Join(io.EOF, expired), auth.ReasonExpired},
		{io.EOF, auth.ReasonInternalError},
		{&auth.Refusal{}, auth.ReasonInternalError},
		{none, auth.ReasonInternalError},
	} {
		if got := auth.RefusalOf(row.err); got == nil || got.Reason != row.want {
			t.Errorf("%v: %v", row.err, got)
		}
	}
	if got := auth.RefusalOf(nil); got != nil {
		t.Errorf("no error: %v", got)
	}
}
