package signin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

const (
	maxParams = 2 << 10 // bytes of a room's own hash parameters
	maxState  = 8 << 10 // bytes of the page's state
)

// A wish is what Jitsi's page asks for: it fills {room} and {state} into tokenAuthUrl.
type wish struct {
	room, tenant string // decoded
	page         string
	params       string // hash parameters, in the form that goes back
	app          string
	console      bool
	host         string
}

var (
	errTwice    = errors.New("a parameter stands there twice")
	errQuery    = errors.New("the query is not percent-encoded")
	errTooLong  = fmt.Errorf("the room's own parameters have over %d bytes; open the link without them", maxParams)
	errBadState = errors.New("state is neither a JSON object nor parameters")
)

// single reads a query of which each parameter stands there once.
func single(query string) (url.Values, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, errQuery
	}
	for _, values := range q {
		if len(values) > 1 {
			return nil, errTwice
		}
	}
	return q, nil
}

// readWish reads the query of GET /login. Jitsi's page writes the room as its own address has it, so percent-encoded,
// and its state as JSON; a release of 2025 writes it as parameters. What the operator wrote into tokenAuthUrl and
// the page knows nothing of stays as it is: {tenant}.
func readWish(query string) (wish, error) {
	q, err := single(query)
	if err != nil {
		return wish{}, err
	}
	w := wish{room: q.Get("room"), tenant: placeholder(q.Get("tenant")), page: q.Get("page"), host: q.Get("host"),
		console: q.Get("console") == "1"}
	if w.room = placeholder(w.room); len(q.Get("state")) > maxState {
		return wish{}, errTooLong
	}
	if err := w.readState(placeholder(q.Get("state"))); err != nil {
		return wish{}, err
	}
	if len(w.params) > maxParams {
		return wish{}, errTooLong
	}
	return w, nil
}

// placeholder is nothing for one that the page has put nothing in the place of.
func placeholder(s string) string {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") && !strings.ContainsAny(s, `":`) {
		return ""
	}
	return s
}

// readState reads what the page wants to have back, and of an app which one it is.
func (w *wish) readState(state string) error {
	if state == "" {
		return nil
	}
	if !strings.HasPrefix(state, "{") {
		q, err := single(state)
		if err != nil {
			return errBadState
		}
		for _, name := range slices.Sorted(maps.Keys(q)) {
			w.take(name, q.Get(name), oldValue(q.Get(name)))
		}
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(state), &members); err != nil {
		return errBadState
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, text := bytes.Buffer{}, ""
		if err := json.Compact(&value, members[name]); err != nil {
			return errBadState
		}
		if json.Unmarshal(members[name], &text) == nil {
			w.take(name, text, oldValue(text))
		} else {
			w.take(name, "", value.String())
		}
	}
	return nil
}

// oldValue is a text of the state as the page reads it back. Releases before 2026 write there what stood in the
// address, which is JSON already; later ones what they read of it.
func oldValue(text string) string {
	if json.Valid([]byte(text)) {
		return text
	}
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return `""`
	}
	return strings.TrimSpace(quoted.String())
}

// take takes one member of the state: its text, and its value as JSON.
func (w *wish) take(name, text, value string) {
	switch name {
	case "room":
		if w.room == "" {
			w.room = decoded(text)
		}
	case "tenant":
		if w.tenant == "" {
			w.tenant = decoded(text)
		}
	case "ios", "android":
		if value == "true" {
			w.app = AppMobile
		}
	case "electron":
		if value == "true" {
			w.app = AppDesktop
		}
	default:
		if isParam(name) {
			w.params += "&" + name + "=" + escape(value)
		}
	}
}

// decoded is a part of the page's address without its percent-encoding.
func decoded(part string) string {
	if text, err := url.PathUnescape(part); err == nil {
		return text
	}
	return part
}

// isParam reports whether a hash parameter is one that the page takes from its address, and that may go back. A
// token is none.
func isParam(name string) bool {
	if len(name) > 128 {
		return false
	}
	for _, prefix := range []string{"config.", "interfaceConfig.", "iceServers."} {
		if rest, found := strings.CutPrefix(name, prefix); found {
			return rest != "" && !strings.ContainsFunc(rest, func(r rune) bool {
				return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-", r))
			})
		}
	}
	return false
}

// escape percent-encodes all but what never means anything in an address, and what no page drops from a room's name.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// returnTo is the address that a person goes back to: on one of the host's pages, whatever was asked for. The token
// stands in the fragment, which no web server sees, in quotes: the page reads each parameter there as JSON.
func (h *host) returnTo(s *state, token string) string {
	return h.place(s) + "#jwt=%22" + token + "%22" + s.Params
}

// place is that address without the fragment.
func (h *host) place(s *state) string {
	page, ok := h.page(s.Page)
	if !ok {
		page = h.Pages[0]
	}
	address := page
	if s.Tenant != "" {
		address += "/" + escape(s.Tenant)
	}
	return address + "/" + escape(s.Room)
}

// appLink is the address for an app that has a scheme of its own switched on; empty: it has none.
func (h *host) appLink(s *state, token string) string {
	scheme := h.Schemes[s.App]
	if s.App == "" || scheme == "" {
		return ""
	}
	_, rest, _ := strings.Cut(h.returnTo(s, token), "://")
	return scheme + "://" + rest
}
