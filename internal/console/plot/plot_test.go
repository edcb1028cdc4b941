package plot

import (
	"context"
	"encoding/xml"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/metrics"
)

// TestRing: a point for each minute of the last hour, each with what was decided in it, and the running one at last.
func TestRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("")
		door := m.Door("http", []string{"expired"}, []string{"overloaded"})
		m.JoinReasons([]string{"token"}, []string{"lobby"}, nil)
		whose := metrics.Whose{Host: "h", Issuer: "i"}
		door.Allowed(whose, 0) // before it counts
		r := NewRing(func() metrics.Totals { return m.Totals() }, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.Run(ctx) })
		door.Allowed(whose, 0)
		door.Refused(whose, "expired", 0)
		door.Refused(metrics.Whose{}, "expired", 0)
		door.Refused(whose, "overloaded", 0)
		m.Join(metrics.Allowed, "token")
		m.Join(metrics.Denied, "lobby")
		time.Sleep(time.Second)
		for range 2 { // looking takes nothing away
			h := r.History()
			p := h.Points[0]
			if len(h.Points) != 1 || p.Logins != 1 || p.Joins != 1 || p.LoginsRefused["expired"] != 2 ||
				p.LoginsRefused["overloaded"] != 1 || p.JoinsRefused["lobby"] != 1 || len(p.LoginsRefused) != 2 {
				t.Errorf("%+v", h.Points)
			}
		}
		time.Sleep(time.Minute)
		door.Allowed(whose, 0)
		if p := r.History().Points; len(p) != 2 || p[0].Logins != 1 || p[1].Logins != 1 || len(p[1].LoginsRefused) != 0 ||
			!p[1].From.Equal(p[0].Until) {
			t.Errorf("%+v", p)
		}
		m.Hosts(nil) // the host goes out of the configuration, with its series
		door.Allowed(metrics.Whose{}, 0)
		if p := r.History().Points; p[0].Logins != 1 || p[1].Logins != 2 {
			t.Errorf("%+v", p)
		}
		time.Sleep(3 * time.Hour)
		if p := r.History().Points; len(p) != most || cap(r.points) > 2*most {
			t.Errorf("%d points", len(p))
		}
		cancel()
		running.Wait()
	})
}

// FuzzSVG: a drawing is well-formed, whatever is counted and however it is called, and each minute with something in it
// has one bar within it.
func FuzzSVG(f *testing.F) {
	f.Add("Logins", "7 in the last hour", []byte{0, 1, 255})
	f.Add(`"><script>`, "&", []byte{})
	f.Fuzz(func(t *testing.T, title, text string, counts []byte) {
		d := Drawing{ID: "x", Title: title, Description: text}
		bars := 0
		for _, c := range counts[:min(len(counts), most)] {
			d.Values = append(d.Values, int(c)*1000)
			if c > 0 {
				bars++
			}
		}
		svg := string(SVG(d))
		lines, path := xml.NewDecoder(strings.NewReader(strings.ToValidUTF8(svg, "?"))), ""
		lines.Strict = false // a title may have characters that XML does not know, and HTML does
		for {
			token, err := lines.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				if strings.Contains(err.Error(), "illegal character code") {
					return
				}
				t.Fatalf("%v: %s", err, svg)
			}
			if e, is := token.(xml.StartElement); is {
				switch e.Name.Local {
				case "svg", "title", "desc":
				case "path":
					if path == "" {
						path = e.Attr[1].Value
					}
				default:
					t.Errorf("<%s>: %s", e.Name.Local, svg)
				}
			}
		}
		if got := strings.Count(path, "M"); bars > 0 && got != bars {
			t.Errorf("%d bars of %d: %s", got, bars, svg)
		}
	})
}
