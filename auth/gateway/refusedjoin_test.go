package gateway

import (
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
)

// pongTo is Prosody's answer to a ping, to an account of the test's host.
func pongTo(t *testing.T, ping, account string) string {
	t.Helper()
	_, rest, _ := strings.Cut(ping, ` id="`)
	id, _, _ := strings.Cut(rest, `"`)
	if !strings.Contains(ping, `<ping xmlns="urn:xmpp:ping"/>`) || !strings.HasPrefix(id, "ushr.") {
		t.Fatalf("Prosody gets %s", ping)
	}
	return `<iq xmlns="jabber:client" type="result" from="meet.example.com" to="` + account + `" id="` + id + `"/>`
}

const closedTo = gatewaytest.Room + "/nick"

func isRefusal(t *testing.T, got string) {
	t.Helper()
	for _, part := range []string{`<presence xmlns="jabber:client" type="error" from="` + closedTo + `"`,
		`<error type="cancel"><not-allowed `, "Your link is for another room."} {
		if !strings.Contains(got, part) {
			t.Errorf("the client gets %s, without %s", got, part)
		}
	}
}

// A join that the rooms refuse is answered with the reason, where Prosody asks for tickets
// too: the module that asks would say what clients read as a question for a password.
func TestRefusedJoin(t *testing.T) {
	w := newWorld(t, Options{})
	w.World.Rooms.Closed = gatewaytest.Room
	client, prosody := w.Login(gatewaytest.AliceToken)
	client.Text(strings.Replace(gatewaytest.Join(closedTo), "<presence", `<presence xmlns="jabber:client"`, 1))
	ping := prosody.ExpectOne(`type="get" to="meet.example.com"`)
	if strings.Contains(ping, gatewaytest.Room) {
		t.Errorf("Prosody gets %s", ping)
	}
	prosody.Text(`<message id="ushr.x.y"/>`)
	client.Expect(`<message id="ushr.x.y"/>`)
	prosody.Text(pongTo(t, ping, "alice@meet.example.com/r"))
	isRefusal(t, client.ExpectOne("<presence"))
	client.Text(gatewaytest.Join("two@conference.meet.example.com/n"))
	prosody.ExpectOne("two@conference")
}

func TestRefusedJoinByBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	w.World.Rooms.Closed = gatewaytest.Room
	begun := w.Send(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous))
	w.Upstream.Post().Answer <- gatewaytest.Told(gatewaytest.Success)
	gatewaytest.Receive(t, begun)
	held := w.Send(gatewaytest.AliceToken, gatewaytest.Body(2))
	waits := w.Upstream.Post()
	message := `<message xmlns="jabber:client"/>`
	joining := w.Send(gatewaytest.AliceToken, gatewaytest.Body(3, message, gatewaytest.Join(closedTo)))
	x := w.Upstream.Post()
	if !strings.HasPrefix(x.Body, strings.TrimSuffix(gatewaytest.Body(3, message), "</body>")) || strings.Contains(x.Body, closedTo) {
		t.Errorf("Prosody gets %s", x.Body)
	}
	waits.Answer <- gatewaytest.Told(message, pongTo(t, x.Body, "alice@meet.example.com/r")) // of the request before
	got := gatewaytest.Receive(t, held)
	got.Wants(t, 200, message)
	isRefusal(t, got.Body)
	x.Answer <- gatewaytest.Told()
	gatewaytest.Receive(t, joining).Wants(t, 200, "<body")
}
