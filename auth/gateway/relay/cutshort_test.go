package relay

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestCutShort: of a presence that is too large to be read whole, its start tag says that the account has left the room.
func TestCutShort(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		left bool
	}{
		"its own":          {shownIn(room+"/n", ` type="unavailable"`, ""), true},
		"another's":        {shownIn(room+"/other", ` type="unavailable"`, ""), false},
		"in another room":  {shownIn("two@conference.meet.example.com/n", ` type="unavailable"`, ""), false},
		"of a longer name": {shownIn(room+"/n/n", ` type="unavailable"`, ""), false},
		"a later one":      {shownIn(room+"/n", "", ""), false},
		"an error":         {shownIn(room+"/n", ` type="error"`, ""), false},
		"a message":        {`<message from="` + room + `/n" type="unavailable"><body>`, false},
		"no tag":           {`<presence from="` + room + `/n" type="unavailable"`, false},
	} {
		b := newBench(t, nil)
		b.login()
		b.passes(b.down(shownIn(room+"/n", "", self)))
		beginning, _, _ := strings.Cut(c.text, "<x ")
		b.stream.FromProsodyCut([]byte(beginning + "<status>" + strings.Repeat("x", 20_000)))
		want := "entered u-1@meet.example.com " + room + "/n"
		if c.left {
			want += ", left u-1@meet.example.com " + room + "/n"
		}
		if got := strings.Join(b.rooms.events, ", "); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// lateRooms keep by when they have to answer.
type lateRooms struct {
	*rooms
	until []time.Time
}

func (r *lateRooms) note(ctx context.Context) {
	until, _ := ctx.Deadline()
	r.until = append(r.until, until)
}

func (r *lateRooms) Join(ctx context.Context, q JoinRequest) JoinAnswer {
	r.note(ctx)
	return r.rooms.Join(ctx, q)
}

func (r *lateRooms) Entered(ctx context.Context, q JoinRequest) error {
	r.note(ctx)
	return r.rooms.Entered(ctx, q)
}

// TestDeadline: whatever carries the stream, what is asked about it has to be answered in a while.
func TestDeadline(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	late := &lateRooms{rooms: b.rooms}
	b.streams.Rooms = late
	b.passes(b.up(presence(room+"/n", "", mucX)))
	b.passes(b.down(shownIn(room+"/n", "", self)))
	if len(late.until) != 2 {
		t.Fatalf("asked %d times", len(late.until))
	}
	for _, until := range late.until {
		if left := time.Until(until); left <= 0 || left > judgeWithin {
			t.Errorf("%v are left", left)
		}
	}
}
