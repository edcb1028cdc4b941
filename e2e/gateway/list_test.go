package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/world"
)

// people is a host where Prosody takes every way in that it knows.
const people = "people.meet.example.com"

func openHost(o *world.Options) {
	o.Host += "    lobby: {whitelist: [recorder@" + people + "]}\n" // so that usher knows the host
	o.More = []prosody.Host{{Name: people, Accounts: map[string]string{"focus": "secret"},
		Lines: "authentication = \"internal_plain\"\n" +
			"modules_enabled = { \"register_ibr\", \"legacyauth\" }\nallow_registration = true\n"}}
}

// A wayAround is what somebody says instead of a login, and what Prosody answers to who reaches it.
type wayAround struct{ name, said, answer string }

func waysAround(account string) []wayAround {
	return []wayAround{
		{"registration", "<iq type='set' id='1' to='" + people + "'><query xmlns='jabber:iq:register'>" +
			"<username>" + account + "</username><password>pw</password></query></iq>", "type='result'"},
		{"XEP-0078", "<iq type='set' id='1' to='" + people + "'><query xmlns='jabber:iq:auth'>" +
			"<username>focus</username><password>secret</password><resource>r</resource></query></iq>",
			"type='result'"},
		{"a password", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGZvY3VzAHNlY3JldA==</auth>",
			"<success"},
	}
}

// says opens a stream, says something, and returns what comes until there is an answer to that.
func (w *site) says(t *testing.T, by transport, query, host, said string) string {
	t.Helper()
	if by.name == "bosh" {
		return w.talk(t, host, query).ask(101, "", said)
	}
	return says(t, by.via(w, query), host, said)
}

func says(t *testing.T, via func(context.Context) (net.Conn, error), host, said string) string {
	t.Helper()
	conn, err := via(world.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop := time.AfterFunc(30*time.Second, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop.Stop()
	var heard strings.Builder
	for i, text := range []string{"<?xml version='1.0'?><stream:stream to='" + host + "'>", said} {
		if _, err := io.WriteString(conn, text); err != nil {
			return heard.String() + err.Error()
		}
		for !strings.Contains(heard.String(), "</stream:features>") || i == 1 {
			b := make([]byte, 4096)
			n, err := conn.Read(b)
			heard.Write(b[:n])
			if err != nil {
				heard.WriteString(err.Error())
			}
			if _, answer, _ := strings.Cut(heard.String(), "</stream:features>"); err != nil || i == 1 &&
				strings.Contains(answer, ">") {
				break
			}
		}
	}
	return heard.String()
}

// TestGatewayNothingButALogin: with guests: false there is no way in but a token that has been verified, whatever
// Prosody would take, on whatever host, by both transports.
func TestGatewayNothingButALogin(t *testing.T) {
	o := options()
	o.Gateway += ", guests: false"
	openHost(&o)
	each(t, o, func(t *testing.T, w *site) {
		straight := client.WebSocket("ws://"+w.Prosody.HTTP()+"/xmpp-websocket", http.Header{"Host": {world.Meet}})
		for _, way := range waysAround("direct") {
			if got := says(t, straight, people, way.said); !strings.Contains(got, way.answer) {
				t.Errorf("%s, straight to Prosody: got %s", way.name, got)
			}
		}
		for _, by := range transports() {
			for name, q := range map[string]string{"no token": query("", "one"), "any text": query("any-text", "one"),
				"a token": query(world.Token(t, "alice", "one", nil), "one")} {
				for _, way := range waysAround("mallory") {
					got := w.says(t, by, q, people, way.said)
					if strings.Contains(got, way.answer) || !strings.Contains(got, "<text") {
						t.Errorf("%s, %s, by %s: got %s", way.name, name, by.name, got)
					}
				}
			}
		}
		made := client.Plain("mallory", "pw").At(w.Prosody.C2S(), people)
		if s, err := client.Dial(world.Within(t), made); err == nil {
			_ = s.Close()
			t.Error("an account was made")
		}
		w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, "alice", "one", nil), "one")))
	})
}

// TestGatewayGuestsLogInOnly: with guests: true passwords pass, and registration and XEP-0078 do not.
func TestGatewayGuestsLogInOnly(t *testing.T) {
	o := options()
	openHost(&o)
	each(t, o, func(t *testing.T, w *site) {
		for _, by := range transports() {
			for i, way := range waysAround("mallory") {
				got := w.says(t, by, query("", "one"), people, way.said)
				if strings.Contains(got, way.answer) != (i == 2) {
					t.Errorf("%s, by %s: got %s", way.name, by.name, got)
				}
			}
		}
	})
}

// A boshTalk is a session of BOSH whose requests the test writes itself.
type boshTalk struct {
	t   *testing.T
	url string
	sid string
}

// ask sends a request and returns the answer.
func (b *boshTalk) ask(rid int, attributes, content string) string {
	b.t.Helper()
	text, err := b.try(world.Within(b.t), rid, attributes, content)
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func (b *boshTalk) try(ctx context.Context, rid int, attributes, content string) (string, error) {
	if b.sid != "" {
		attributes += " sid='" + b.sid + "'"
	}
	body := fmt.Sprintf("<body xmlns='http://jabber.org/protocol/httpbind' rid='%d' %s>%s</body>", rid, attributes,
		content)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Host = world.Meet
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", answer.StatusCode, text)
	}
	if _, rest, found := strings.Cut(string(text), "sid='"); found && b.sid == "" {
		b.sid, _, _ = strings.Cut(rest, "'")
	}
	return string(text), err
}

const creatingBOSH = " wait='2' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'"

func (w *site) talk(t *testing.T, host, query string) *boshTalk {
	t.Helper()
	b := &boshTalk{t: t, url: "http://" + w.Usher.Gateway + "/http-bind" + query}
	if got := b.ask(100, "to='"+host+"'"+creatingBOSH, ""); b.sid == "" {
		t.Fatalf("no session: %s", got)
	}
	return b
}

// TestGatewayBOSHTerminate: a client that ends its session by a request that Prosody does not take has the same session
// afterwards, and no more of it than before. Prosody answers such a request as if it had ended it, and goes on.
func TestGatewayBOSHTerminate(t *testing.T) {
	o := options()
	o.Gateway += ", guests: false"
	openHost(&o)
	each(t, o, func(t *testing.T, w *site) {
		straight := &boshTalk{t: t, url: "http://" + w.Prosody.HTTP() + "/http-bind"}
		straight.ask(100, "to='"+people+"'"+creatingBOSH, "")
		if got := straight.ask(50, "type='terminate'", ""); !strings.Contains(got, "item-not-found") {
			t.Errorf("straight to Prosody, the end: %s", got)
		}
		if got := straight.ask(101, "", waysAround("direct")[0].said); !strings.Contains(got, "type='result'") {
			t.Errorf("straight to Prosody, registration after that: %s", got)
		}
		for _, q := range []string{query("", "one"), query("any-text", "one")} {
			for _, end := range []int{50, 99, 100, 101, 103, 200} {
				const form = "<iq type='get' id='0' xmlns='jabber:client'><query xmlns='jabber:iq:register'/></iq>"
				for _, content := range []string{"", form} {
					b := w.talk(t, people, q)
					soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					_, _ = b.try(soon, end, "type='terminate'", content) // Prosody holds one that comes too early
					cancel()
					for rid := 101; rid < 104; rid++ {
						got := b.ask(rid, "", waysAround("mallory")[0].said)
						if strings.Contains(got, "type='result'") || !strings.Contains(got, "terminate") {
							t.Errorf("ended with %d, registration with %d: %s", end, rid, got)
						}
					}
				}
			}
			made := &boshTalk{t: t, url: "http://" + w.Usher.Gateway + "/http-bind" + q, sid: "made-up"}
			if got := made.ask(1, "", waysAround("mallory")[0].said); !strings.Contains(got, "terminate") {
				t.Errorf("a session that there is not: %s", got)
			}
		}
		made := client.Plain("mallory", "pw").At(w.Prosody.C2S(), people)
		if s, err := client.Dial(world.Within(t), made); err == nil {
			_ = s.Close()
			t.Error("an account was made")
		}
	})
}

// TestGatewayBOSHGoesOn: a session on which somebody has logged in goes on when usher was killed; one on which nobody
// has does not turn into anything.
func TestGatewayBOSHGoesOn(t *testing.T) {
	o := options()
	openHost(&o)
	each(t, o, func(t *testing.T, w *site) {
		const ping = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"
		const disco = "<iq xmlns='jabber:client' type='get' id='d' to='" + world.Conference +
			"'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
		in := w.talk(t, world.Meet, query(world.Token(t, "alice", "one", nil), "one"))
		in.ask(101, "", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
		in.ask(102, "to='"+world.Meet+"' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'", "")
		if got := in.ask(103, "", "<iq xmlns='jabber:client' type='set' id='b'><bind "+
			"xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"); !strings.Contains(got, "alice@"+world.Meet+"/") {
			t.Fatalf("no binding: %s", got)
		}
		fresh, forger, early := w.talk(t, people, query("", "one")), w.talk(t, people, query("", "one")), w.talk(t,
			world.Meet, query("", "one"))
		w.Usher.Kill()
		w.Usher.Start()
		const version = "<iq xmlns='jabber:client' type='get' id='v'><query xmlns='jabber:iq:version'/></iq>"
		if got := early.ask(101, "", version); !strings.Contains(got, "Please reload the page.") {
			t.Errorf("nobody has logged in: %s", got)
		}
		fresh.ask(101, "", ping)
		if got := fresh.ask(102, "", waysAround("mallory")[0].said); !strings.Contains(got, "Please reload the page.") {
			t.Errorf("registration where nobody has logged in: %s", got)
		}
		// Prosody answers who has not logged in at the address that the question gives itself.
		forged := strings.Replace(ping, "<iq", "<iq from='focus@"+people+"/x' to='"+people+"'", 1)
		if got := forger.ask(101, "", forged); !strings.Contains(got, "Please reload the page.") {
			t.Errorf("a forged address: %s", got)
		}
		if got := in.ask(104, "", ping); !strings.Contains(got, "to='alice@"+world.Meet+"/") {
			t.Errorf("a ping: %s", got)
		}
		if got := in.ask(105, "", disco); !strings.Contains(got, "<identity") {
			t.Errorf("whatever it is: %s", got)
		}
	})
}
