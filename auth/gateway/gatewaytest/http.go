package gatewaytest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

// Request makes a plain request from the page.
func (w *World) Request(method, path, body string, header http.Header) *http.Request {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), method, "http://"+w.Address+path, strings.NewReader(body))
	if err != nil {
		w.T.Fatal(err)
	}
	r.Header.Set("Origin", Page)
	maps.Copy(r.Header, header)
	return r
}

// An Answer is one that was read whole, or an error in its body.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request and waits for the answer.
func (w *World) Do(r *http.Request) Answer {
	w.T.Helper()
	a, err := answerTo(r)
	if err != nil {
		w.T.Fatalf("%v\n%s", err, w.Log)
	}
	return a
}

// Later sends a request whose answer is waited for elsewhere.
func (w *World) Later(r *http.Request) <-chan Answer {
	c := make(chan Answer, 1)
	go func() {
		a, err := answerTo(r)
		if err != nil {
			a = Answer{Body: err.Error()} // also where only a part of it came: the connection was cut
		}
		c <- a
	}()
	return c
}

func answerTo(r *http.Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), Timeout)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(body)}, err
}

// Wants checks an answer's status, and that it has a text in it.
func (a Answer) Wants(t testing.TB, status int, part string) {
	t.Helper()
	if a.Status != status || !strings.Contains(a.Body, part) {
		t.Errorf("got %d %q, want %d with %q", a.Status, a.Body, status, part)
	}
}

// BOSHQuery is the path and the query of each request of BOSH.
func BOSHQuery(token string) string {
	if token == "" {
		return BOSHPath + "?room=" + SecretRoom
	}
	return BOSHPath + "?room=" + SecretRoom + "&token=" + token
}

// Posting is a request of BOSH as it goes over the wire, with a token.
func Posting(body string) string {
	return "POST " + BOSHQuery(AliceToken) + " HTTP/1.1\r\nHost: " + Host +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// Send sends a request of BOSH, whose answer comes later.
func (w *World) Send(token, body string) <-chan Answer {
	w.T.Helper()
	return w.Later(w.Request(http.MethodPost, BOSHQuery(token), body, http.Header{"Content-Type": {"text/xml"}}))
}

// Round sends a request and wants the upstream to get another or the same one,
// which it answers.
func (w *World) Round(token, sent, arrives, answers string) {
	w.T.Helper()
	got := w.Send(token, sent)
	x := w.Upstream.Post()
	if x.Body != arrives {
		w.T.Errorf("Prosody gets %.300s\nwant         %.300s", x.Body, arrives)
	}
	x.Answer <- answers
	if a := <-got; a.Body != answers || a.Status != http.StatusOK {
		w.T.Errorf("the client gets %d %.300s\nwant %.300s", a.Status, a.Body, answers)
	}
}

// Session begins a session of BOSH, whose sid is s1.
func (w *World) Session(token string) {
	w.T.Helper()
	w.Round(token, Creating(), Creating(), Told(`<features/>`))
}

// BOSHGuest begins a session and logs in without a token; its requests go on
// with 3.
func (w *World) BOSHGuest() {
	w.T.Helper()
	w.Session("")
	w.Round("", Body(2, Anonymous), Body(2, Anonymous), Told(Success))
}

// BOSHLogin logs in, in the second request.
func (w *World) BOSHLogin(token string) {
	w.T.Helper()
	w.Session(token)
	w.Round(token, Body(2, Anonymous), Body(2, WithTicket("1")), Told(Success))
	w.Auth.Use(TicketText + "1")
}

// Farewell wants Prosody to be told that the session is over, and answers.
func (w *World) Farewell(rid, answers string) {
	w.T.Helper()
	x := w.Upstream.Post()
	if want := stanza.Terminate("s1", rid, ""); x.Body != want {
		w.T.Errorf("Prosody gets %s, want %s", x.Body, want)
	}
	x.Answer <- answers
}
