package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A control is what tests do to the provider, and what they see of it.
type control struct {
	store *store
	mu    sync.Mutex
	hold  time.Duration // of each answer of the token endpoint
	seen  []string      // method, path and grant of each request
}

func (c *control) register(mux *http.ServeMux) {
	mux.HandleFunc("POST /control/rotate", func(w http.ResponseWriter, r *http.Request) {
		answer(w, c.store.rotate(r.FormValue("keep") != ""))
	})
	mux.HandleFunc("POST /control/hold", func(w http.ResponseWriter, r *http.Request) {
		by, err := time.ParseDuration(r.FormValue("for"))
		c.mu.Lock()
		c.hold = by
		c.mu.Unlock()
		answer(w, err)
	})
	mux.HandleFunc("POST /control/lifetime", func(w http.ResponseWriter, r *http.Request) {
		by, err := time.ParseDuration(r.FormValue("for"))
		if err == nil {
			c.store.lifetime.Store(int64(by))
		}
		answer(w, err)
	})
	mux.HandleFunc("GET /control/seen", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		answer(w, json.NewEncoder(w).Encode(c.seen))
	})
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// watch notes what is asked, without any secret, and holds back what is held.
func (c *control) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.URL.Path
		token := strings.HasSuffix(r.URL.Path, "/token")
		if token {
			line += " " + r.PostFormValue("grant_type")
			if r.PostFormValue("code_verifier") != "" {
				line += " with a verifier"
			}
		}
		c.mu.Lock()
		c.seen = append(c.seen, line)
		hold := c.hold
		c.mu.Unlock()
		if token && hold > 0 {
			select {
			case <-time.After(hold):
			case <-r.Context().Done():
			}
		}
		next.ServeHTTP(w, r)
	})
}
