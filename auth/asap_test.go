package auth

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A keyServer is an ASAP key server in memory.
type keyServer struct {
	files   map[string]string // by path
	status  atomic.Int32      // instead of the files; -1 hangs
	empty   atomic.Bool       // instead of a file's content
	fetches atomic.Int32
}

func (k *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	k.fetches.Add(1)
	file, ok := k.files[r.URL.Path]
	if k.empty.Load() {
		file = ""
	}
	switch status := int(k.status.Load()); {
	case status < 0:
		return hang(r)
	case status > 0:
		return answer(status, "", file)
	case !ok:
		return answer(404, "", "")
	}
	return answer(200, "max-age=60", file)
}

func newKeyServer(t *testing.T, kids ...string) (*keyServer, *source) {
	k := &keyServer{files: map[string]string{}}
	for _, kid := range kids {
		k.files[asapPath(kid)] = pemOf(newECKey(t))
	}
	s := newSource("id", sourceASAP, "https://id.example.com/keys?x=hush", testOptions(k, nil))
	start(t, s)
	<-s.tried()
	return k, s
}

func TestASAP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "app/key-1")
		if s.current() == nil || s.problem() != "" || server.fetches.Load() != 0 {
			t.Error("not ready at once")
		}
		s.want("app/key-1")
		synctest.Wait()
		first := s.current()
		if len(first.keys) != 1 || first.keys[0].id != "app/key-1" {
			t.Fatalf("keys %v", first.keys)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := server.fetches.Load(); n < 8 || n > 12 || s.current() != first {
			t.Errorf("%d fetches; the same file keeps its pointer: %v", n, s.current() == first)
		}
		for _, status := range []int32{500, 200, -1} { // 200 with an empty file
			if server.status.Store(status); status == 200 {
				server.empty.Store(true)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if s.current() != first {
				t.Errorf("status %d took the key away", status)
			}
		}
		server.status.Store(404)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(s.current().keys) != 0 {
			t.Error("a key that the server took back is still good")
		}
	})
}

func TestASAPStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "real")
		stranger := func() { s.want(fmt.Sprint(time.Now())) }
		for range 290 {
			stranger()
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		if n := server.fetches.Load(); n != asapBurst {
			t.Errorf("%d fetches in 29 s", n)
		}
		for range 100 { // twenty strangers for five users a second
			for range 5 {
				s.want("real")
				for range 4 {
					stranger()
					time.Sleep(50 * time.Millisecond)
				}
			}
		}
		synctest.Wait()
		if len(s.current().keys) != 1 || server.fetches.Load() > asapBurst+5 {
			t.Errorf("%v after %d fetches", s.current().keys, server.fetches.Load())
		}
	})
}

// TestASAPMissing asks for one kid again and again.
func TestASAPMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t)
		for range 3600 {
			s.want("gone")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := server.fetches.Load(); n < 12 || n > 17 { // 30, 60, 120, 240, 300, 300 … s
			t.Errorf("%d fetches in an hour", n)
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
			s.want(kid)
			time.Sleep(31 * time.Second)
		}
		synctest.Wait()
		if len(s.current().keys) != len(kids) {
			t.Fatalf("%d keys", len(s.current().keys))
		}
		server.status.Store(-1)
		time.Sleep(20 * time.Minute)
		a := s.keeper.(*asap)
		for i := range 20 {
			s.want(fmt.Sprint("new", i))
			time.Sleep(3100 * time.Millisecond) // one fetch that is under way
			a.mu.Lock()
			if len(a.pending) > 0 {
				t.Error("a new kid waits for more than the fetch under way")
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
		s.want(strings.Repeat("x", maxKeyID+1))
		for _, kid := range kids {
			s.want(kid)
			s.want(kids[0]) // stays wanted
			time.Sleep(31 * time.Second)
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
	two := pemOf(newECKey(t)) + pemOf(newECKey(t))
	for _, file := range []string{"", "garbage", two} {
		if _, err := parseASAPKey([]byte(file), "k"); err == nil {
			t.Errorf("%.20q is good", file)
		}
	}
}
