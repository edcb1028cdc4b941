package main

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// cookie names the browser's session at the provider.
const cookie = "provider-session"

// pages are what people see: the form, and their sessions.
type pages struct {
	store    *store
	mu       sync.Mutex
	sessions map[string]user
}

var form = template.Must(template.New("form").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<style>body{font:1rem sans-serif;max-width:22rem;margin:4rem auto;padding:0 1rem}label{display:block;margin:1rem 0}
input{display:block;width:100%;box-sizing:border-box;padding:.5rem}button{padding:.5rem 1rem}</style></head>
<body><h1>Sign in to {{.Client}}</h1>{{with .Wrong}}<p role="alert">{{.}}</p>{{end}}
<form method="post"><input type="hidden" name="id" value="{{.ID}}">
<label>User name<input name="username" autocomplete="username"></label>
<label>Password<input name="password" type="password" autocomplete="current-password"></label>
<button name="do" value="signin">Sign in</button> <button name="do" value="cancel">Cancel</button></form></body></html>
`))

// ask shows the form, or goes on where the browser has a session and the client does not ask for a new one.
func (p *pages) ask(w http.ResponseWriter, r *http.Request) {
	asked, ok := p.request(w, r)
	if !ok {
		return
	}
	fresh := slices.Contains(asked.Prompt, oidc.PromptLogin) || asked.MaxAuthAge != nil && *asked.MaxAuthAge == 0
	if u, is := p.session(r); is && !fresh {
		p.finish(w, r, u, asked)
		return
	}
	p.show(w, asked, "")
}

func (p *pages) show(w http.ResponseWriter, asked *storage.AuthRequest, wrong string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = form.Execute(w, map[string]string{"ID": asked.ID, "Client": asked.ApplicationID, "Wrong": wrong})
}

// take takes the form.
func (p *pages) take(w http.ResponseWriter, r *http.Request) {
	asked, ok := p.request(w, r)
	if !ok {
		return
	}
	if r.FormValue("do") == "cancel" {
		back := url.Values{"error": {"access_denied"}, "state": {asked.TransferState}}
		http.Redirect(w, r, asked.CallbackURI+"?"+back.Encode(), http.StatusFound)
		return
	}
	u, found := people(p.store.config.Users).find(func(u user) bool { return u.Name == r.FormValue("username") })
	if !found || u.Password != r.FormValue("password") {
		p.show(w, asked, "The user name or the password is wrong.")
		return
	}
	id := rand.Text()
	p.mu.Lock()
	p.sessions[id] = u
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	p.finish(w, r, u, asked)
}

func (p *pages) finish(w http.ResponseWriter, r *http.Request, u user, asked *storage.AuthRequest) {
	if err := p.store.CheckUsernamePassword(u.Name, u.Password, asked.ID); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, p.store.config.base()+"/"+authorize+"/callback?id="+asked.ID, http.StatusFound)
}

func (p *pages) request(w http.ResponseWriter, r *http.Request) (*storage.AuthRequest, bool) {
	asked, err := p.store.Storage.AuthRequestByID(r.Context(), r.FormValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, false
	}
	return asked.(*storage.AuthRequest), true
}

func (p *pages) session(r *http.Request) (user, bool) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return user{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, is := p.sessions[c.Value]
	return u, is
}

// forget ends the browser's session before the library answers the rest of a logout.
func (p *pages) forget(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(cookie); err == nil {
			p.mu.Lock()
			delete(p.sessions, c.Value)
			p.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}
