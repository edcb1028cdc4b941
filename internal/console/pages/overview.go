package pages

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
	"usher/internal/console/plot"
	"usher/internal/text"
)

// overviewPages tell how the daemon is, and have it reload.
type overviewPages struct{ *desk }

// overviewRefresh is after how many seconds the overview is loaded again without script.
const overviewRefresh = 30

// quickStatus is the status without trying each Prosody for it: pages that are open ask again and again.
const quickStatus = "/status?quick=true"

// An overview is how the daemon is.
type overview struct {
	admin.Status
	Up        string
	Retry     string // of a reload that was refused for what may pass
	Cluster   *admin.ClusterAnswer
	Listening []listener
	HostPager pager

	Let     []figure // logins and joins
	Refused []figure // by reason, the most frequent first
	Rest    int      // refusals for other reasons
	Rows    []row
	Off     bool // nobody counts
}

type listener struct {
	Name, Address string
	admin.Counts
}

// mostHosts is how many hosts are on the page at a time. What is wrong with any of them stands above all.
const mostHosts = 8

// A row is what was decided from a moment on, as numbers.
type row struct {
	From                                       time.Time
	Logins, LoginsRefused, Joins, JoinsRefused int
}

// inARow is how many minutes a row has: sixty rows would be more than people, or ears, take.
const inARow = 5

// A figure is one plot.
type figure struct {
	Title string
	Total int
	Plot  template.HTML
}

func (p overviewPages) overview(w http.ResponseWriter, r *http.Request) error {
	var o overview
	var history admin.History
	var cluster admin.ClusterAnswer
	if err := p.get(r, quickStatus, &o.Status); err != nil {
		return err
	}
	if err := p.get(r, admin.HistoryPath, &history); err != nil {
		return err
	}
	if err := p.get(r, "/cluster", &cluster); err != nil {
		return err
	}
	if !cluster.Alone {
		o.Cluster = &cluster
	}
	o.Up = "under a minute"
	if up := time.Duration(o.Uptime * float64(time.Second)); up >= time.Minute {
		o.Up = text.Duration(up.Truncate(time.Minute))
	}
	if last := o.LastReload; last != nil {
		o.Retry = (&admin.Reload{RetryAt: last.RetryAt, Tries: last.Tries}).RetryText()
	}
	for _, name := range slices.Sorted(maps.Keys(o.Listeners)) {
		o.Listening = append(o.Listening, listener{name, o.Listeners[name], o.Connections[name]})
	}
	o.Hosts, o.HostPager = paged(r, o.Hosts, mostHosts)
	o.draw(history)
	p.show(w, r, http.StatusOK, "overview", layout.View{Title: "Overview", Path: "/", Events: events("overview"),
		Refresh: overviewRefresh, Content: o})
	return nil
}

// mostReasons is how many reasons have a plot of their own.
const mostReasons = 8

// draw makes the plots.
func (o *overview) draw(h admin.History) {
	o.Off = h.Off
	refused := map[string][]int{}
	count := func(kind string, minute int, reasons map[string]int) {
		for reason, n := range reasons {
			row := refused[kind+reason]
			if row == nil {
				row = make([]int, len(h.Points))
				refused[kind+reason] = row
			}
			row[minute] += n
		}
	}
	logins, joins := make([]int, len(h.Points)), make([]int, len(h.Points))
	for i, point := range h.Points {
		logins[i], joins[i] = point.Logins, point.Joins
		count("login: ", i, point.LoginsRefused)
		count("join: ", i, point.JoinsRefused)
		if i%inARow == 0 {
			o.Rows = append(o.Rows, row{From: point.From})
		}
		o.Rows[len(o.Rows)-1].add(point)
	}
	o.Let = []figure{figureOf("logins", "Logins let in", false, logins),
		figureOf("joins", "Joins let in", false, joins)}
	for _, title := range slices.Sorted(maps.Keys(refused)) {
		o.Refused = append(o.Refused, figureOf(fmt.Sprintf("refused-%d", len(o.Refused)), title, true, refused[title]))
	}
	slices.SortStableFunc(o.Refused, func(a, b figure) int { return cmp.Compare(b.Total, a.Total) })
	for _, f := range o.Refused[min(mostReasons, len(o.Refused)):] {
		o.Rest += f.Total
	}
	o.Refused = o.Refused[:min(mostReasons, len(o.Refused))]
}

func figureOf(id, title string, bad bool, values []int) figure {
	f := figure{Title: title}
	for _, v := range values {
		f.Total += v
	}
	most := slices.Max(append([]int{0}, values...))
	f.Plot = plot.SVG(plot.Drawing{ID: id, Title: title, Bad: bad, Values: values,
		Description: fmt.Sprintf("%d in the last hour, at most %d in a minute", f.Total, most)})
	return f
}

func (r *row) add(p admin.HistoryPoint) {
	r.Logins += p.Logins
	r.Joins += p.Joins
	for _, n := range p.LoginsRefused {
		r.LoginsRefused += n
	}
	for _, n := range p.JoinsRefused {
		r.JoinsRefused += n
	}
}

// reload reads the configuration again.
func (p overviewPages) reload(w http.ResponseWriter, r *http.Request) error {
	var answer admin.Reload
	if err := p.post(r, "/reload", nil, &answer); err != nil {
		return err
	}
	n := layout.Notice{Text: "The configuration is in force; nothing has changed.", Lines: answer.Changes}
	switch {
	case !answer.OK:
		n = layout.Notice{Bad: true, Text: "Refused: the old configuration stays in force.", Lines: answer.Problems}
	case len(answer.Changes) > 0:
		n.Text = "The configuration is in force. What has changed:"
	case len(answer.Earlier) > 0:
		n.Text, n.Lines = "The configuration is in force, since a moment ago. What changed then:", answer.Earlier
	}
	return p.done(w, r, "/", n)
}
