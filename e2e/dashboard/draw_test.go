package dashboard

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The measures of the picture: Grafana's grid has 24 columns.
const (
	column   = 40
	unit     = 16 // of a panel's height
	head     = 46
	gap      = 6
	axis     = 52 // left of a graph
	legendAt = 16 // above the panel's lower edge
)

const style = `
    .page { fill: #f4f5f5 } .panel { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #d8dee4; fill: none }
    text { font: 11px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 } .small { fill: #59636e }
    .title { font-weight: bold } .row { font-size: 13px; font-weight: bold } .big { font-size: 24px }
    .line { fill: none; stroke-width: 1.5 }
    .s0 { stroke: #1a7f37 } .s1 { stroke: #0969da } .s2 { stroke: #bc4c00 } .s3 { stroke: #8250df } .s4 { stroke: #cf222e }
    .s5 { stroke: #6e7781 } .t0 { fill: #1a7f37 } .t1 { fill: #0969da } .t2 { fill: #bc4c00 } .t3 { fill: #8250df }
    .t4 { fill: #cf222e } .t5 { fill: #59636e }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } .panel { fill: #151b23; stroke: #3d444d } .grid { stroke: #2a313c } text { fill: #e6edf3 }
      .small { fill: #9198a1 } .s0 { stroke: #3fb950 } .s1 { stroke: #58a6ff } .s2 { stroke: #f0883e } .s3 { stroke: #bc8cff }
      .s4 { stroke: #ff7b72 } .s5 { stroke: #9198a1 } .t0 { fill: #3fb950 } .t1 { fill: #58a6ff } .t2 { fill: #f0883e }
      .t3 { fill: #bc8cff } .t4 { fill: #ff7b72 } .t5 { fill: #9198a1 }
    }
`

// A drawing is the picture of all panels with what their queries gave.
type drawing struct {
	w    io.Writer
	span float64 // seconds from the left to the right of a graph
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d.w, format, args...) }

// all draws the panels; data has each one's series.
func (d *drawing) all(panels []panel, data [][]series) {
	bottom := 0
	for _, p := range panels {
		bottom = max(bottom, p.GridPos.Y+p.GridPos.H)
	}
	width, height := 24*column+2*gap, head+bottom*unit+gap
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width,
		height, width, height)
	d.printf("  <title>What the queries of deploy/grafana-dashboard.json say of an usher under load</title>\n"+
		"  <style>%s  </style>\n", style)
	d.printf("  <rect class=\"page\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", width, height)
	d.printf("  <text class=\"row\" x=\"%d\" y=\"20\">usher</text>\n  <text class=\"small\" x=\"%d\" y=\"36\">The queries of "+
		"deploy/grafana-dashboard.json, drawn from a Prometheus that scraped an usher under load for %.0f s. Not drawn by "+
		"Grafana.</text>\n", 2*gap, 2*gap, d.span)
	for i, p := range panels {
		x, y := gap+p.GridPos.X*column, head+p.GridPos.Y*unit
		if p.Type == "row" {
			d.printf("  <text class=\"row\" x=\"%d\" y=\"%d\">%s</text>\n", x+gap, y+12, escape(p.Title))
			continue
		}
		w, h := p.GridPos.W*column-gap, p.GridPos.H*unit-gap
		d.printf("  <rect class=\"panel\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>\n", x, y, w, h)
		d.printf("  <text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n", x+gap+2, y+14, escape(cut(p.Title, w/7)))
		switch {
		case len(data[i]) == 0:
			d.printf("  <text class=\"small\" x=\"%d\" y=\"%d\">no data: there is nothing of it here</text>\n", x+gap+2, y+h/2+8)
		case p.Type == "stat":
			d.number(p, data[i][0], x, y)
		default:
			d.graph(p, data[i], x, y, w, h)
		}
	}
	d.printf("</svg>\n")
}

// number is the last value of a series, large.
func (d *drawing) number(p panel, s series, x, y int) {
	class, word := "big", p.word(s)
	if len(word) > 10 {
		class = "title"
	}
	d.printf("  <text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, x+gap+2, y+42, escape(word))
}

// colours is how many lines have one of their own; the others share the last.
const colours = 6

func (d *drawing) graph(p panel, list []series, x, y, w, h int) {
	top := 0.0
	for _, s := range list {
		top = max(top, largest(s))
	}
	if top == 0 {
		top = 1
	}
	left, right, upper, lower := x+axis, x+w-gap, y+24, y+h-legendAt-8
	for _, share := range []float64{0, .5, 1} {
		at := float64(lower) - share*float64(lower-upper)
		d.printf("  <path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", left, at, right)
		d.printf("  <text class=\"small\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left-4, at+4,
			escape(shown(share*top, p.FieldConfig.Defaults.Unit)))
	}
	slices.SortStableFunc(list, func(a, b series) int {
		return cmp.Or(cmp.Compare(largest(b), largest(a)), strings.Compare(a.name, b.name))
	})
	for i, s := range list {
		var path strings.Builder
		for n, v := range s.points {
			verb := "L"
			if n == 0 || v.at-s.points[n-1].at > 3 { // nothing was there meanwhile
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%.0f %.1f", verb, float64(left)+v.at/d.span*float64(right-left),
				float64(lower)-v.value/top*float64(lower-upper))
		}
		d.printf("  <path class=\"line s%d\" d=\"%s\"/>\n", min(i, colours-1), path.String())
	}
	d.legend(list, x+gap+2, y+h-legendAt+8, w)
}

// legend names the lines as far as there is room.
func (d *drawing) legend(list []series, x, y, w int) {
	d.printf("  <text x=\"%d\" y=\"%d\">", x, y)
	room := w/6 - 16 // characters, and those of "and 99 more"
	for i, s := range list {
		if room -= len(s.name) + 3; room < 0 {
			d.printf("<tspan class=\"small\">and %d more</tspan>", len(list)-i)
			break
		}
		d.printf("<tspan class=\"t%d\">%s</tspan>\u00a0\u00a0 ", min(i, colours-1), escape(s.name))
	}
	d.printf("</text>\n")
}

func largest(s series) (top float64) {
	for _, v := range s.points {
		top = max(top, v.value)
	}
	return top
}

// cut leaves so many characters of a text.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// shown is a value in a unit of Grafana's.
func shown(v float64, unit string) string {
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	switch {
	case unit == "s" && v != 0 && math.Abs(v) < 1:
		return text(v*1000) + " ms"
	case unit == "s":
		return text(v) + " s"
	case unit == "bytes" && v >= 1024:
		return text(v/1024) + " KiB"
	case unit == "bytes":
		return text(v) + " B"
	case unit == "reqps":
		return text(v) + "/s"
	}
	return text(v)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes all
	return b.String()
}
