package lobbypage

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/console/route"
	"usher/moderation/notify"
)

// TestPace: a moderator who asks without an end has the rooms asked a few times a second, and holds no other one back.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.rooms.set(nil, notify.OwnRoom{Room: standup})
		form := url.Values{"room": {standup}, "id": {knock}, "decision": {"deny"}}
		began, held := time.Now(), 0
		for time.Since(began) < 10*time.Second {
			for pattern, form := range map[string]url.Values{"GET /lobby": nil, "POST /lobby/decide": form} {
				if w := b.serve(alice, pattern, "", form, ""); w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
					held++
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		if asked := len(b.rooms.asked) + len(b.rooms.decided); asked > 80 || asked+held != 2000 {
			t.Errorf("the rooms were asked %d times in 10 s, %d were held back", asked, held)
		}
		b.serve("bob@meet.example.com", "GET /lobby", "", nil, "")
		if last := b.rooms.asked[len(b.rooms.asked)-1]; last != "bob@meet.example.com "+standup {
			t.Errorf("another one was not asked for: %s", last)
		}
		time.Sleep(askedEvery)
		if w := b.serve(alice, "GET /lobby", "", nil, ""); w.Code != http.StatusOK {
			t.Errorf("a moment later: %d", w.Code)
		}
		for i := range 2 * maxPaced {
			b.serve(strconv.Itoa(i)+"@meet.example.com", "GET /lobby", "", nil, "")
		}
	})
}

// TestPagesTogether: however many pages a moderator has open, the rooms are asked twice a second at most, and all of them
// end with the right.
func TestPagesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.rooms.set(nil, notify.OwnRoom{Room: standup})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var open sync.WaitGroup
		for range 16 {
			r := httptest.NewRequest("GET", "/events/lobby", nil).WithContext(ctx)
			s, err := route.Open(&wire{ResponseRecorder: httptest.NewRecorder()}, r, viewerOf(alice))
			if err != nil {
				t.Fatal(err)
			}
			open.Go(func() { _ = b.routes["GET /events/lobby"].Events(s) })
			time.Sleep(70 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		b.rooms.mu.Lock()
		asked := len(b.rooms.asked)
		b.rooms.mu.Unlock()
		if asked < 10 || asked > 25 {
			t.Errorf("the rooms were asked %d times in 11 s", asked)
		}
		b.rooms.set(nil)
		began := time.Now()
		open.Wait()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v until all had ended", took)
		}
	})
}

// TestLookupOfOneWhoLeaves: a page that is closed while the rooms are asked is no answer for the others.
func TestLookupOfOneWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lookups{now: time.Now}
		one, leave := l.join(lookupKey{alice, standup})
		defer leave()
		asks := 0
		slowly := func(ctx context.Context) ([]notify.OwnRoom, error) {
			asks++
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				return []notify.OwnRoom{{Room: standup}}, nil
			}
		}
		gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := one.ask(gone, slowly); err == nil {
				t.Error("an answer for who has left")
			}
		})
		synctest.Wait()
		if rooms, err := one.ask(t.Context(), slowly); err != nil || len(rooms) != 1 || asks != 2 {
			t.Errorf("%v, %v after %d questions", rooms, err, asks)
		}
		asking.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		time.Sleep(time.Second)
		asking.Go(func() { _, _ = one.ask(t.Context(), slowly) })
		synctest.Wait()
		if _, err := one.ask(impatient, slowly); err == nil {
			t.Error("an answer before its time")
		}
		asking.Wait()
	})
}
