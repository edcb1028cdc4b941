package lobbypage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/console/layout"
	"usher/moderation/notify"
)

// crowd is so many rooms with so many people in each lobby, with names that strangers may give themselves.
func crowd(nRooms, nPeople int) (list []notify.OwnRoom) {
	names := []string{"Bob", "Привет мир", "ليلى", strings.Repeat("W", 64), `"><script>`, "\u202eevil", ""}
	for i := range nRooms {
		r := notify.OwnRoom{Room: fmt.Sprintf("room-%d-%s@conference.meet.example.com", i, strings.Repeat("x", 60))}
		for j := range nPeople {
			k := waiting(names[(i+j)%len(names)], fmt.Sprintf("%08x%08x", i, j))
			k.Room, k.JID = r.Room, fmt.Sprintf("%s-%d@guest.meet.example.com", strings.Repeat("g", 30), j)
			r.Waiting = append(r.Waiting, k)
		}
		list = append(list, r)
	}
	return list
}

// TestStructure: what a browser, a keyboard and a screen reader go by is right, busy or empty, in each language: elements
// have names of their own, each form is answered and each button says whom it is about, nothing of a stranger is markup.
func TestStructure(t *testing.T) {
	b := newBench(t)
	for _, languages := range []string{"en", "de"} {
		for _, rooms := range [][]notify.OwnRoom{crowd(1, 0), crowd(1, 7), crowd(3, 2), crowd(20, 200), nil} {
			b.rooms.set(nil, rooms...)
			page := b.serve(alice, "GET /lobby", "", nil, languages).Body.String()
			lookAt(t, page)
		}
	}
}

func lookAt(t *testing.T, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, labels, buttons := map[string]bool{}, []string{}, map[string]bool{}
	for n := range doc.Descendants() {
		a := map[string]string{}
		for _, attr := range n.Attr {
			a[attr.Key] = attr.Val
			if attr.Key == "style" || strings.HasPrefix(attr.Key, "on") {
				t.Errorf("<%s %s>", n.Data, attr.Key)
			}
		}
		if id := a["id"]; id != "" && ids[id] {
			t.Errorf("two elements are called %q", id)
		} else {
			ids[id] = true
		}
		labels = append(labels, strings.Fields(a["aria-labelledby"])...)
		switch {
		case n.Data == "script" && (!strings.HasPrefix(a["src"], "/static/") || n.FirstChild != nil):
			t.Error("a script in the page")
		case n.Data == "form" && a["method"]+a["action"] != "post"+DecidePath && a["action"] != "/leave":
			t.Errorf("nobody answers the form %v", a)
		case n.Data == "button" && a["name"] == "decision":
			var said strings.Builder
			for c := range n.Descendants() {
				if c.Type == html.TextNode {
					said.WriteString(c.Data)
				}
			}
			if buttons[said.String()] && len(buttons) < 20 {
				t.Errorf("two buttons say %q", said.String())
			}
			buttons[said.String()] = true
		}
	}
	if i := slices.IndexFunc(labels, func(id string) bool { return !ids[id] }); i >= 0 {
		t.Errorf("%s labels something, and is not there", labels[i])
	}
}

// TestWeight: with the styles and the script the page has under 60 KB, however many wait; all of them are there for who asks.
func TestWeight(t *testing.T) {
	b := newBench(t)
	b.rooms.set(nil, crowd(20, 200)...)
	files := 0
	for _, name := range []string{"usher.css", "usher.js"} {
		files += len(assetOf(t, name))
	}
	few, all := b.serve(alice, "GET /lobby", "", nil, ""), b.serve(alice, "GET /lobby", "?all=true", nil, "")
	if n := few.Body.Len() + files; n >= 60_000 || few.Code != http.StatusOK {
		t.Errorf("%d bytes, %d of them of files", n, files)
	}
	page := few.Body.String()
	if n := strings.Count(page, `value="admit"`); n != mostShown || strings.Count(page, "?all=true") != 1 || strings.Contains(page, "Nobody waits") ||
		!strings.Contains(page, "4000 people wait.") {
		t.Errorf("%d are shown", n)
	}
	if n := strings.Count(all.Body.String(), `value="admit"`); n != 4000 || strings.Contains(all.Body.String(), "?all=true") {
		t.Errorf("of all %d are shown", n)
	}
}

func assetOf(t *testing.T, name string) string {
	t.Helper()
	b, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/static/"+name, nil)
	r.SetPathValue("name", name)
	layout.Assets(b, r)
	if b.Code != http.StatusOK {
		t.Fatalf("%s: %d", name, b.Code)
	}
	return b.Body.String()
}
