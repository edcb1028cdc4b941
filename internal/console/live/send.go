package live

import (
	"context"
	"time"
)

// Changed is the event of a page that looks different now.
const Changed = "changed"

// atMostEvery is the time between two events: each makes its reader ask for a page.
const atMostEvery = time.Second

// Send sends an event for what the topic tells, one for many, until ctx ends or send fails.
func (t *Topic) Send(ctx context.Context, send func(event, data string) error) error {
	changes, leave := t.Join()
	defer leave()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changes:
		}
		if err := send(Changed, ""); err != nil {
			return err
		}
		pause(ctx, atMostEvery)
	}
}
