package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"usher/metrics"
)

// mostBody bounds the body of a request, in bytes: a room's password, or what jicofo is
// asked.
const mostBody = 16 << 10

// aboutRoom serves a question to Prosody's modules.
func (q *request) aboutRoom() {
	if m := q.R.Method; m != http.MethodGet && m != http.MethodHead &&
		(m != http.MethodPut || q.R.URL.Path != RoomInfoPath) {
		q.W.Header().Set("Allow", "GET, HEAD")
		q.Refuse(http.StatusMethodNotAllowed, metrics.RefusedRequest, "no such method here")
		return
	}
	body, ok := q.body()
	if !ok {
		return
	}
	asked := read(q.R.URL.Path, q.Query)
	q.Query = asked.query()
	host := q.relayHost(asked.domain)
	if settings, _ := q.Settings.Host(host); settings.Upstream != nil {
		q.Upstream = settings.Upstream
	}
	if q.brings.Token == "" && q.brings.Problem == nil { // the modules decide, as without a gateway
		q.Forward(body, nil, nil)
		return
	}
	if host == "" {
		q.Refuse(http.StatusForbidden, metrics.RefusedRequest,
			"whose token this is cannot be told: have the proxy send the virtual host as Host header")
		return
	}
	q.asLogin(host, asked, body)
}

// asLogin has the request go on with an inner token, which each module looks for in
// another place.
func (q *request) asLogin(host string, asked question, body []byte) {
	if asked.name == "" {
		q.refuseRoom(http.StatusBadRequest, "the question names no room: add room= to the address")
		return
	}
	l, ok := q.begin(host, asked.tenant, asked.name)
	if !ok {
		return
	}
	room := q.Rooms.RoomOf(host, asked.tenant, asked.name)
	if answer := q.Rooms.MayAsk(q.R.Context(), l.ID, room); !answer.Allowed {
		q.refuseRoom(http.StatusForbidden, answer.Text)
		return
	}
	token, ok := q.sendInner(l)
	if !ok {
		return
	}
	if token != "" && q.R.URL.Path != RoomInfoPath {
		q.Query += "&token=" + token
	}
	q.Forward(body, nil, nil)
}

// A question is about a room: its name and tenant as they stand in Prosody's name for
// it, and the virtual host if it says so.
type question struct {
	path, name, tenant, domain string
}

// read reads a query as the module does that serves the path. Of two parameters of one
// name the last counts there.
func read(path, query string) question {
	values := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, found := strings.Cut(pair, "=")
		if !found {
			continue
		}
		if path == RoomInfoPath { // mod_muc_size decodes nothing
			key, value = decode(key), encode(decode(value))
		}
		values[key] = value
	}
	if path == RoomInfoPath {
		return question{path, values["room"], values["prefix"], ""}
	}
	return question{path, values["room"], values["subdomain"], values["domain"]}
}

// query writes what was read, and nothing else: the module must find the same in it.
func (q question) query() string {
	tenant := "subdomain"
	if q.path == RoomInfoPath {
		tenant = "prefix"
	}
	var pairs []string
	for _, p := range [][2]string{{"room", q.name}, {tenant, q.tenant}, {"domain", q.domain}} {
		if p[1] != "" {
			pairs = append(pairs, p[0]+"="+p[1])
		}
	}
	return strings.Join(pairs, "&")
}

// decode is what the text is in a form; text that is not encoded is as it is.
func decode(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// encode writes a name as mod_muc_password_check does: percent-encoded, in lower case.
func encode(name string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// body reads the request's body. If it returns false it has answered the request.
func (q *request) body() ([]byte, bool) {
	if q.R.Header.Get("Content-Encoding") != "" { // what is compressed here would not be what is read there
		q.Refuse(http.StatusUnsupportedMediaType, metrics.RefusedRequest,
			"a body must come as it is, without a Content-Encoding")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(q.W, q.R.Body, mostBody))
	if err != nil {
		q.Refuse(http.StatusRequestEntityTooLarge, metrics.RefusedRequest, "the body is cut, or over 16 KiB")
		return nil, false
	}
	return body, true
}

// refuseRoom answers that the room is not open to the request. That is decided, and no
// fault of anything: so it is not in the log.
func (q *request) refuseRoom(status int, text string) {
	q.WriteWithin(0)
	http.Error(q.W, text, status)
}
