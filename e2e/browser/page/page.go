// Package page is a web page that joins a room as Jitsi's web client does, from a link https://HOST/ROOM?jwt=TOKEN, but
// has no audio and video. It shows a person what happens, and tells it to tests and to the demo.
//
// It logs in by Strophe; under https://HOST/jitsi/ROOM?jwt=TOKEN it is lib-jitsi-meet of December
// 2021 that does, with Strophe 1.4 and stream management. That one asks jicofo first: package focus
// is a stand-in.
package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
)

//go:embed files
var embedded embed.FS

// Site is what the page's configuration says about the XMPP server. Its zero value is meet.example.com.
type Site struct {
	Domain string // for links with a token
	Guests string // for links without one; guest.DOMAIN unless given
	MUC    string // conference.DOMAIN unless given

	// TokenAuthURL is where "I am the host" leads who has no token, as Jitsi's tokenAuthUrl; empty: there is no such
	// button.
	TokenAuthURL string
	SSO          SSO
	Jitsi        bool // every link is for lib-jitsi-meet, not only those below /jitsi/
}

// SSO is what static/sso.html of Jitsi reads: a sign-in of Jitsi's own, by a provider's access token.
type SSO struct {
	TokenService string `json:"tokenService"` // host and path before /token
	ClientID     string `json:"clientId"`
}

func (s Site) complete() Site {
	if s.Domain == "" {
		s.Domain = "meet.example.com"
	}
	if s.Guests == "" {
		s.Guests = "guest." + s.Domain
	}
	if s.MUC == "" {
		s.MUC = "conference." + s.Domain
	}
	return s
}

// script is the page's config.js, with Jitsi's names for the hosts.
func (s Site) script(report, jitsi bool) []byte {
	s = s.complete()
	text, _ := json.Marshal(map[string]any{ // maps of strings and bools always can be
		"hosts":  map[string]string{"domain": s.Domain, "anonymousdomain": s.Guests, "muc": s.MUC},
		"report": report, "jitsi": jitsi, "tokenAuthUrl": s.TokenAuthURL, "sso": s.SSO, "always": s.Jitsi,
	})
	return fmt.Appendf(nil, "'use strict';\nconst config = %s;\n", text)
}

// files are all of the page's, by name.
func files(s Site, report bool) (map[string][]byte, error) {
	all, err := libraries()
	if err != nil {
		return nil, err
	}
	_, jitsi := all["lib-jitsi-meet.js"]
	all["config.js"] = s.script(report, jitsi)
	err = fs.WalkDir(embedded, "files", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[path.Base(name)], err = embedded.ReadFile(name)
		}
		return err
	})
	return all, err
}

// Write writes the page as files for a web server, which must answer the path of every room with index.html.
func Write(dir string, s Site) error {
	all, err := files(s, false)
	if err != nil {
		return err
	}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("writing the page: %w", err)
		}
	}
	return nil
}

// New serves the page: GET /ROOM, GET /TENANT/ROOM and its own files. With a function to report to, every page says
// what it sees whenever that changes; the function is called by several goroutines.
func New(s Site, report func(State)) (http.Handler, error) {
	all, err := files(s, report != nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for name, content := range all {
		mux.HandleFunc("GET /"+name, serve(name, content))
	}
	mux.HandleFunc("GET /", serve("index.html", all["index.html"]))
	if report != nil {
		mux.HandleFunc("POST /report", take(report))
	}
	return mux, nil
}

func serve(name string, content []byte) http.HandlerFunc {
	types := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", types[path.Ext(name)])
		w.Header().Set("Referrer-Policy", "no-referrer") // the address of the page has the token
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(content) // who has gone needs no page
	}
}
