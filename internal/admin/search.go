package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Found is a part of a list that may be long: what a page shows of what it searches for.
type Found[T any] struct {
	All   int `json:"all"`   // as long the list is
	Found int `json:"found"` // of these, what fits
	From  int `json:"from"`  // how many that fit stand before the part
	List  []T `json:"list"`
}

// mostFound bounds a part.
const mostFound = 200

// searches are lists in parts: GET with text (what an entry has, in any letter case), from, and most, 200 at most. A
// part from behind the end is the last one.
func (s *server) searches(m *routes) {
	m.ask("GET /sessions/search", s.kept(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, find(r.URL.Query(), s.Sessions.List(), func(g *Session) []string {
			return append(slices.Clone(g.InRooms), g.Account, g.User, g.DisplayName, g.DisplayID, g.Issuer, g.Token)
		}))
	}))
	m.ask("GET /sessions/revoked/search", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, find(r.URL.Query(), s.Revoker.Revocations(), func(v *Revoked) []string {
			return []string{v.User, v.Issuer, v.Host, v.Token}
		}))
	})
	m.ask("GET /lobby/search", s.kept(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, find(r.URL.Query(), s.Whitelist.List(), func(e *Listed) []string {
			return []string{e.JID, e.Room, e.Note}
		}))
	}))
	m.ask("GET /lobby/knocks/part", s.kept(func(w http.ResponseWriter, r *http.Request) {
		from, most := partOf(r.URL.Query())
		list, all := s.Whitelist.KnocksPart(from, most)
		if len(list) == 0 && all > 0 {
			from = lastPart(all, most)
			list, all = s.Whitelist.KnocksPart(from, most)
		}
		writeJSON(w, Found[Knock]{all, all, from, list})
	}))
	m.ask("GET /lobby/knocks/version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, s.Whitelist.KnocksVersion())
	})
}

// find returns a part of what fits.
func find[T any](q url.Values, list []T, texts func(*T) []string) Found[T] {
	f := Found[T]{All: len(list), List: []T{}}
	from, most := partOf(q)
	text := strings.ToLower(strings.TrimSpace(q.Get("text")))
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	var fits []T
	for i := range list {
		if text == "" || slices.ContainsFunc(texts(&list[i]), has) {
			fits = append(fits, list[i])
		}
	}
	if f.Found = len(fits); from >= f.Found {
		from = lastPart(f.Found, most)
	}
	f.From = from
	f.List = append(f.List, fits[from:min(from+most, f.Found)]...)
	return f
}

// partOf reads which part is wanted.
func partOf(q url.Values) (from, most int) {
	from, _ = strconv.Atoi(q.Get("from")) // 0 for what is no number
	most, _ = strconv.Atoi(q.Get("most"))
	if most <= 0 {
		most = mostFound
	}
	return max(0, from), min(most, mostFound)
}

// lastPart is where the last of the parts of a list begins.
func lastPart(all, most int) int { return max(0, (all-1)/most*most) }
