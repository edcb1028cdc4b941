package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The paths below the issuer are Keycloak's.
const (
	authorize = "protocol/openid-connect/auth"
	logout    = "protocol/openid-connect/logout"
)

func endpoints() op.Option {
	at := func(name string) *op.Endpoint { return op.NewEndpoint("protocol/openid-connect/" + name) }
	return op.WithCustomEndpoints(op.NewEndpoint(authorize), at("token"), at("userinfo"), at("revoke"),
		op.NewEndpoint(logout), at("certs"))
}

// handler is the whole provider.
func handler(c config) (http.Handler, error) {
	path, err := c.path()
	if err != nil {
		return nil, err
	}
	s, err := newStore(c)
	if err != nil {
		return nil, err
	}
	library, err := library(c, s)
	if err != nil {
		return nil, err
	}
	p := &pages{store: s, sessions: map[string]user{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /signin", p.ask)
	mux.HandleFunc("POST /signin", p.take)
	mux.Handle("/"+logout, p.forget(library))
	mux.HandleFunc("GET /signed-out", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "You are signed out.")
	})
	if c.Says {
		mux.Handle(oidc.DiscoveryEndpoint, promising(library))
		mux.Handle("/"+authorize+"/callback", naming(c.Issuer, library))
	}
	mux.Handle("/", library)
	control := &control{store: s}
	outer := http.NewServeMux()
	control.register(outer)
	outer.Handle(path+"/", control.watch(http.StripPrefix(path, mux)))
	return outer, nil
}

func library(c config, s *store) (*op.Provider, error) {
	config := &op.Config{
		DefaultLogoutRedirectURI: c.base() + "/signed-out",
		CodeMethodS256:           true,
		AuthMethodPost:           true,
		GrantTypeRefreshToken:    true,
	}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	options := []op.Option{endpoints()}
	if strings.HasPrefix(c.Issuer, "http:") {
		options = append(options, op.WithAllowInsecure())
	}
	return op.NewProvider(config, s, op.StaticIssuer(c.Issuer), options...)
}

// A kept answer is one that is changed before it goes out.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// changing answers what next does, after change.
func changing(next http.Handler, change func(k *kept) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &kept{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(k, r)
		if err := change(k); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		k.header.Del("Content-Length")
		w.WriteHeader(k.status)
		_, _ = w.Write(k.body.Bytes())
	})
}

// promising adds to the discovery that iss is in the answers (RFC 9207), which the library has not.
func promising(next http.Handler) http.Handler {
	return changing(next, func(k *kept) error {
		said := map[string]any{}
		if err := json.Unmarshal(k.body.Bytes(), &said); err != nil {
			return err
		}
		said["authorization_response_iss_parameter_supported"] = true
		k.body.Reset()
		return json.NewEncoder(&k.body).Encode(said)
	})
}

// naming adds iss to an answer.
func naming(issuer string, next http.Handler) http.Handler {
	return changing(next, func(k *kept) error {
		to, err := url.Parse(k.header.Get("Location"))
		if err != nil || to.String() == "" {
			return err
		}
		q := to.Query()
		q.Set("iss", issuer)
		to.RawQuery = q.Encode()
		k.header.Set("Location", to.String())
		return nil
	})
}
