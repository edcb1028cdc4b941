package keys

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keystest"
	"usher/auth/keys/kidqueue"
)

func newKeyServer(t *testing.T, kids ...string) (*keystest.KeyServer, *source) {
	k := &keystest.KeyServer{}
	for _, kid := range kids {
		k.Put(kid, keystest.PEM(keystest.ECKey(t)))
	}
	s := newSource(sourceAt(ASAPURL, "https://id.example.com/keys?x=hush"), testOptions(k, nil))
	start(t, s)
	<-s.tried()
	return k, s
}

func TestASAP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "app/key-1")
		if s.current() == nil || s.problem() != "" || server.Fetches.Load() != 0 {
			t.Error("not ready at once")
		}
		s.request("app/key-1")
		synctest.Wait()
		first := s.current()
		if len(first.keys) != 1 || first.keys[0].id != "app/key-1" {
			t.Fatalf("keys %v", first.keys)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := server.Fetches.Load(); n < 8 || n > 12 || s.current() != first {
			t.Errorf("%d fetches; the same file keeps its pointer: %v", n, s.current() == first)
		}
		for _, status := range []int32{500, 200, -1} { // 200 with an empty file
			if server.Status.Store(status); status == 200 {
				server.Empty.Store(true)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if s.current() != first {
				t.Errorf("status %d took the key away", status)
			}
		}
		server.Status.Store(404)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(s.current().keys) != 0 {
			t.Error("a key that the server took back is still good")
		}
	})
}

// TestASAPStrangers has an asker of invented kids, and none for long enough to
// see that the pace is kept.
func TestASAPStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "real")
		for range 3000 {
			if l := s.request(rand.Text()); !l.Pending {
				t.Fatalf("an invented kid: %+v", l)
			}
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if n, most := server.Fetches.Load(), int32(asapBurst+30*time.Second/asapPause+1); n > most {
			t.Errorf("%d fetches in 30 s, more than %d", n, most)
		}
		a := s.scheduler.(*asap)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.queue.Len() > kidqueue.Max || a.missing.kids.Len() > maxMissing || len(s.current().keys) != 0 {
			t.Errorf("%d wait, %d are missing", a.queue.Len(), a.missing.kids.Len())
		}
	})
}

// TestASAPMissing asks for one kid again and again.
func TestASAPMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t)
		no := 0
		for range 3600 {
			if l := s.request("gone"); !l.Pending {
				no++
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := server.Fetches.Load(); n < 100 || n > 121 || no < 3400 {
			t.Errorf("%d fetches in an hour, %d times no", n, no)
		}
		if l := s.request(""); l.Pending {
			t.Errorf("without a kid: %+v", l)
		}
	})
}

// TestASAPTrouble: a server that fails is not one that has no such key.
func TestASAPTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "real")
		server.Status.Store(500)
		s.request("real")
		synctest.Wait()
		if l := s.request("real"); !l.Pending || !l.Trouble || !strings.Contains(l.Detail, "500") {
			t.Errorf("%+v", l)
		}
		if st := s.status(); !strings.Contains(st.Failure, "500") || st.LastFailure.IsZero() {
			t.Errorf("status %+v", st)
		}
		server.Status.Store(0)
		time.Sleep(troubledFor)
		s.request("real")
		synctest.Wait()
		if len(s.current().keys) != 1 {
			t.Error("not asked again")
		}
	})
}

// TestASAPUselessFile: a file without a good key is told of, and a no.
func TestASAPUselessFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t)
		server.Put("page", "<html>")
		s.request("page")
		synctest.Wait()
		if l := s.request("page"); l.Pending {
			t.Errorf("%+v", l)
		}
		if st := s.status(); len(st.Skipped) != 1 || !strings.HasPrefix(st.Skipped[0], `kid "page": `) {
			t.Errorf("status %+v", st)
		}
		server.Put("hush", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		s.request("hush")
		synctest.Wait()
		if st := s.status(); len(st.Skipped) != 2 || !strings.HasPrefix(st.Skipped[0], `kid "hush": the file holds a private key`) {
			t.Errorf("a private key: status %+v", st)
		}
		server.Remove("hush")
		server.Put("page", keystest.PEM(keystest.ECKey(t)))
		time.Sleep(missingFor)
		s.request("page")
		s.request("hush")
		synctest.Wait()
		if st := s.status(); len(st.Skipped) != 0 || st.Keys != 1 {
			t.Errorf("mended: status %+v", st)
		}
	})
}

func TestASAPHangingRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kids []string
		for i := range 40 {
			kids = append(kids, fmt.Sprint("k", i))
		}
		server, s := newKeyServer(t, kids...)
		for _, kid := range kids {
			s.request(kid)
			time.Sleep(31 * time.Second)
		}
		synctest.Wait()
		if len(s.current().keys) != len(kids) {
			t.Fatalf("%d keys", len(s.current().keys))
		}
		server.Status.Store(-1)
		time.Sleep(20 * time.Minute)
		a := s.scheduler.(*asap)
		for i := range 20 {
			s.request(fmt.Sprint("new", i))
			time.Sleep(fetch.Timeout + 100*time.Millisecond) // its own fetch
			a.mu.Lock()
			if a.queue.Len() > 0 || len(a.asking) > 0 {
				t.Error("a new kid waits for the refreshing of others")
			}
			a.mu.Unlock()
			time.Sleep(time.Minute)
		}
		if len(s.current().keys) != len(kids) {
			t.Error("an outage took keys away")
		}
	})
}

func TestASAPBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kids []string
		for i := range maxASAPKeys + 3 {
			kids = append(kids, fmt.Sprint("k", i))
		}
		_, s := newKeyServer(t, kids...)
		s.request(strings.Repeat("x", MaxKeyID+1))
		for _, kid := range kids {
			s.request(kid)
			time.Sleep(2 * time.Second)
			s.current().keys[0].MarkUsed(time.Now()) // k0
		}
		synctest.Wait()
		set := s.current()
		has := map[string]bool{}
		for _, k := range set.keys {
			has[k.id] = true
		}
		if len(set.keys) != maxASAPKeys || !has["k0"] || has["k1"] {
			t.Errorf("%d keys, first %v, second %v", len(set.keys), has["k0"], has["k1"])
		}
	})
}

func TestASAPFile(t *testing.T) {
	two := keystest.PEM(keystest.ECKey(t)) + keystest.PEM(keystest.ECKey(t))
	for _, file := range []string{"", "garbage", two} {
		if _, err := parseKeyFile([]byte(file), "k"); err == nil {
			t.Errorf("%.20q is good", file)
		}
	}
}
