package page_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
)

// What a browser makes of a link: the host, the room, and the address for XMPP.
func TestLinks(t *testing.T) {
	t.Parallel()
	driver.Require(t)
	h, err := page.New(page.Site{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	b := driver.Start(t, map[string]string{"meet.example.com": server.Listener.Addr().String()})
	p := b.Open(t, "http://meet.example.com/none")
	const muc = "@conference.meet.example.com"
	for link, want := range map[string][3]string{
		"/Board": {"guest.meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board"},
		"/board?jwt=a.b.c": {"meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board&token=a.b.c"},
		"/board?jwt=a.b.c&transport=bosh": {"meet.example.com", "board" + muc,
			"https://meet.example.com/http-bind?room=board&token=a.b.c"},
		"/Доска?jwt=a": {"meet.example.com", "%d0%b4%d0%be%d1%81%d0%ba%d0%b0" + muc,
			"wss://meet.example.com/xmpp-websocket?room=%25d0%25b4%25d0%25be%25d1%2581%25d0%25ba%25d0%25b0&token=a"},
		// a full-width B
		"/%EF%BC%A2oard": {"guest.meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board"},
		"/Acme/Board?jwt=a": {"meet.example.com", "[acme]board" + muc,
			"wss://meet.example.com/acme/xmpp-websocket?room=board&token=a"},
		"/board?jwt=old#config.prejoinConfig.enabled=false&jwt=%22a.b.c%22": {"meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board&token=a.b.c"},
		"/board#jwt=a.b.c": {"guest.meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board"},
		"/": {"guest.meet.example.com", "lobby" + muc,
			"wss://meet.example.com/xmpp-websocket?room=lobby"},
		"/100%25": {"guest.meet.example.com", "100%25" + muc,
			"wss://meet.example.com/xmpp-websocket?room=100%2525"},
		"/jitsi": {"guest.meet.example.com", "jitsi" + muc,
			"wss://meet.example.com/xmpp-websocket?room=jitsi"},
		"/jitsi/Board?jwt=a": {"meet.example.com", "board" + muc,
			"wss://meet.example.com/xmpp-websocket?room=board&token=a"},
		"/jitsi/%C3%9C?jwt=a&transport=bosh": {"meet.example.com", "%c3%bc" + muc,
			"https://meet.example.com/http-bind?room=%25c3%25bc&token=a"},
	} {
		got := driver.Eval[[3]string](t, p, fmt.Sprintf(`(() => {
			const link = readLink(new URL(%q, "https://meet.example.com"), config.hosts);
			return [link.domain, link.roomJid, serviceAddress(link)];
		})()`, link))
		if got != want {
			t.Errorf("%s\ngot  %v\nwant %v", link, got, want)
		}
	}
	const again = "ws://meet.example.com/xmpp-websocket?room=none&token=a&previd=b"
	if got := driver.Eval[string](t, p, `serviceAddress({ ...link, jwt: "a" }, "b")`); got != again {
		t.Errorf("with a stream to resume: %s", got)
	}
}

// Where a browser goes to sign in.
func TestSignInAddress(t *testing.T) {
	t.Parallel()
	driver.Require(t)
	h, err := page.New(page.Site{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	b := driver.Start(t, map[string]string{"meet.example.com": server.Listener.Addr().String()})
	p := b.Open(t, "http://meet.example.com/none")
	for link, want := range map[string]string{
		"/Board": `/login?room=Board&state={"room":"Board","roomSafe":"board","config.prejoinConfig.enabled":false}`,
		"/acme/%C3%9C#config.a=%22b%22&jwt=%22c%22&config.d=e&interfaceConfig.f=1": `/login?room=%C3%9C&state=` +
			`{"room":"%C3%9C","roomSafe":"%c3%bc","config.prejoinConfig.enabled":false,"tenant":"acme","config.a":"b","interfaceConfig.f":1}`,
	} {
		got := driver.Eval[string](t, p, fmt.Sprintf(`(() => {
			const at = new URL(%q, "https://meet.example.com");
			const [before, state] = signInAddress("/login?room={room}&state={state}", at, readLink(at, config.hosts)).split("state=");
			return `+"`${before}state=${decodeURIComponent(state)}`"+`;
		})()`, link))
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", link, got, want)
		}
	}
}
