package focus_test

import (
	"encoding/xml"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"usher/e2e/browser/focus"
)

// element is what the component sends.
type element struct {
	XMLName    xml.Name
	Text       string `xml:",chardata"`
	Type       string `xml:"type,attr"`
	ID         string `xml:"id,attr"`
	From       string `xml:"from,attr"`
	To         string `xml:"to,attr"`
	Conference struct {
		Room  string `xml:"room,attr"`
		Ready string `xml:"ready,attr"`
	} `xml:"http://jitsi.org/protocol/focus conference"`
	Unavailable *struct{} `xml:"error>service-unavailable"`
}

// serve plays Prosody for one component: it shakes hands, says its part and passes on what comes back.
func serve(t *testing.T, part string) (addr string, answers <-chan element) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	got := make(chan element, 10)
	go func() {
		defer close(got)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprint(conn, "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "+
			"xmlns='jabber:component:accept' id='abc'>")
		for dec, first := xml.NewDecoder(conn), true; ; {
			token, err := dec.Token()
			start, isStart := token.(xml.StartElement)
			if err != nil {
				return
			}
			if !isStart || start.Name.Local == "stream" {
				continue
			}
			var e element
			if dec.DecodeElement(&e, &start) != nil {
				return
			}
			got <- e
			if first {
				fmt.Fprint(conn, part)
			}
			first = false
		}
	}()
	return listener.Addr().String(), got
}

func start(t *testing.T, addr string) (*focus.Focus, error) {
	t.Helper()
	f, err := focus.Start(t.Context(), focus.Config{Addr: addr, Host: "focus.meet.example.com", Secret: "s&cret"})
	if err == nil {
		t.Cleanup(func() { _ = f.Close() })
	}
	return f, err
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	addr, answers := serve(t, `<handshake/>
		<iq type='set' id='a&amp;1' from='alice@b/c' to='focus'><conference xmlns='http://jitsi.org/protocol/focus' room='&lt;r@muc'/></iq>
		<presence from='alice@b/c'/><iq type='result' id='2' from='alice@b/c'/>
		<iq type='get' id='3' from='alice@b/c' to='focus'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`)
	f, err := start(t, addr)
	if err != nil {
		t.Fatal(err)
	}
	// The digest is of "abcs&cret".
	if got := <-answers; got.XMLName.Local != "handshake" || got.Text != "47c3c61507e963c01c7d73438c122758e56f8e22" {
		t.Errorf("got %+v", got)
	}
	if got := <-answers; got.Type != "result" || got.ID != "a&1" || got.From != "focus" || got.To != "alice@b/c" ||
		got.Conference.Room != "<r@muc" || got.Conference.Ready != "true" {
		t.Errorf("got %+v", got)
	}
	if got := <-answers; got.Type != "error" || got.ID != "3" || got.Unavailable == nil {
		t.Errorf("got %+v", got)
	}
	if got := f.Rooms(); !slices.Equal(got, []string{"<r@muc"}) {
		t.Errorf("got %q", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"</stream:stream>", "<stream:error/>"} {
		addr, _ := serve(t, part)
		if _, err := start(t, addr); err == nil {
			t.Errorf("it takes %s for a handshake", part)
		}
	}
}
