package driver_test

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
)

// startSite serves pages to a browser of the test's own, and returns the address of the site.
func startSite(t *testing.T, serve http.HandlerFunc) (*driver.Browser, string) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return driver.Start(t, nil), server.URL
}

// A page is looked at as the view says, and its pictures are of it.
func TestView(t *testing.T) {
	t.Parallel()
	browser, link := startSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
			<p style="height:3000px">`)
	})
	p := browser.Tab(t)
	for _, v := range []driver.View{
		{Width: 360, Height: 740, Phone: true}, {Width: 1920, Height: 1080, Dark: true}, {Width: 800, Height: 600},
	} {
		p.As(t, v)
		p.Go(t, link)
		got := driver.Eval[string](t, p, `[document.documentElement.clientWidth, innerHeight,
			matchMedia("(prefers-color-scheme: dark)").matches, navigator.maxTouchPoints > 0].join(" ")`)
		if want := fmt.Sprint(v.Width, " ", v.Height, " ", v.Dark, " ", v.Phone); got != want {
			t.Errorf("the page sees %s, not %s", got, want)
		}
		if w, h := pictured(t, p.ViewIn(t, t.TempDir(), "view")); w != int(v.Width) || h != int(v.Height) {
			t.Errorf("%+v: what is seen is %d × %d", v, w, h)
		}
		if w, h := pictured(t, p.ScreenshotIn(t, t.TempDir(), "all")); w != int(v.Width) || h < 3000 {
			t.Errorf("%+v: all of it is %d × %d", v, w, h)
		}
	}
}

func pictured(t *testing.T, file string) (width, height int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := png.DecodeConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	return c.Width, c.Height
}

// Scripts that are off do nothing, and the test looks into the page all the same; what a policy forbids is complained
// about, once.
func TestScripts(t *testing.T) {
	t.Parallel()
	browser, link := startSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/strict" {
			w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:")
		}
		fmt.Fprint(w, `<link rel="icon" href="data:,"><p>plain</p><script>document.body.append("scripted")</script>`)
	})
	p := browser.Tab(t)
	for _, on := range []bool{false, true} {
		p.Scripts(t, on)
		p.Go(t, link)
		if text := p.Text(t); !strings.Contains(text, "plain") || strings.Contains(text, "scripted") != on {
			t.Errorf("scripts %t: %q", on, text)
		}
		if complaints := p.Complaints(t); len(complaints) > 0 {
			t.Errorf("scripts %t: %v", on, complaints)
		}
	}
	p.Go(t, link+"/strict")
	p.Await(t, `document.readyState === "complete"`, within)
	if c := p.Complaints(t); len(c) == 0 || !strings.Contains(c[0], "Content Security Policy") {
		t.Errorf("a script against the policy: %v", c)
	}
	if c := p.Complaints(t); len(c) > 0 {
		t.Errorf("told again: %v", c)
	}
}

// Fields are filled, and links, buttons and Return lead to other pages, whose status is told.
func TestHands(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/list.txt"
	if err := os.WriteFile(file, []byte("a list"), 0o600); err != nil {
		t.Fatal(err)
	}
	browser, link := startSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusTeapot)
		}
		uploaded := ""
		if f, _, err := r.FormFile("file"); err == nil {
			content := make([]byte, 100)
			n, _ := f.Read(content)
			uploaded = string(content[:n])
		}
		fmt.Fprintf(w, `<link rel="icon" href="data:,"><p>%s name=%s kind=%s file=%s</p><a href="/else">else</a>
			<form method="post" action="/sent" enctype="multipart/form-data"><input name="name" value="old">
			<select name="kind"><option>one<option>two</select>
			<input type="file" name="file"><button>Send</button></form>`,
			r.Method, r.FormValue("name"), r.FormValue("kind"), uploaded)
	})
	p := browser.Tab(t)
	if status := p.Go(t, link); status != http.StatusOK {
		t.Errorf("the page has the status %d", status)
	}
	p.Type(t, "input", "Jürgen Müßiggang")
	p.Put(t, "select", "two")
	p.Choose(t, `input[type="file"]`, file)
	for _, step := range []struct {
		name string
		do   func() int
		want string
	}{
		{"a button", func() int { return p.Follow(t, "button") }, "POST name=Jürgen Müßiggang kind=two file=a list"},
		{"a link", func() int { return p.Follow(t, "a") }, "GET name= kind= file="},
		{"Return", func() int {
			p.Press(t, "\t") // the link
			return p.Enter(t)
		}, "GET name= kind= file="},
		{"again", func() int { return p.Reload(t) }, "GET name= kind= file="},
	} {
		if status := step.do(); status != http.StatusTeapot {
			t.Errorf("%s: the status is %d", step.name, status)
		}
		if text := p.Text(t); !strings.Contains(text, step.want) {
			t.Errorf("%s: %q, want %q", step.name, text, step.want)
		}
	}
}
