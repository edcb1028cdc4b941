package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The terminal's measures, in units of the picture.
const (
	rows       = 24
	lineHeight = 17
	charWidth  = 7.9
	border     = 14
	bar        = 28 // with the command
)

// The pace. A longest pause is cut to this, each line is seen for a moment, and the end stays.
const (
	longest = 1200 * time.Millisecond
	moment  = 140 * time.Millisecond
	typing  = 1200 * time.Millisecond
	rest    = 8 * time.Second
)

const style = `
    .page { fill: #ffffff; stroke: #d0d7de } .bar { fill: #f6f8fa; stroke: #d0d7de }
    text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; white-space: pre }
    .dim { fill: #59636e } .step { fill: #0550ae; font-weight: bold } .bad { fill: #a40e26 } .good { fill: #116329 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #3d444d } .bar { fill: #151b23; stroke: #3d444d } text { fill: #e6edf3 }
      .dim { fill: #9198a1 } .step { fill: #79c0ff } .bad { fill: #ffa198 } .good { fill: #7ee787 }
    }
`

// draw writes a terminal in which the lines come from below, over and over, at the pace of the recording. Where motion
// is not wanted it shows the end.
func draw(w io.Writer, command string, lines []line) {
	const width, height = int(columns*charWidth) + 2*border, bar + rows*lineHeight + 2*border
	times, total := pace(lines)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n",
		width, height, width, height)
	fmt.Fprintf(w, "  <title>%s</title>\n  <style>%s", escape("A recording of "+command), style)
	last := -max(0, len(lines)-rows) * lineHeight
	fmt.Fprintf(w, "    .lines { animation: play %.1fs step-end infinite; transform: translateY(%dpx) }\n"+
		"    @media (prefers-reduced-motion: reduce) { .lines { animation: none } }\n    @keyframes play {\n",
		total.Seconds(), last)
	fmt.Fprintf(w, "      0%% { transform: translateY(%dpx) }\n", rows*lineHeight)
	for i, at := range times {
		if i+1 == len(times) || times[i+1] > at { // one step for lines that come together
			fmt.Fprintf(w, "      %.2f%% { transform: translateY(%dpx) }\n", 100*at.Seconds()/total.Seconds(),
				(rows-1-i)*lineHeight)
		}
	}
	fmt.Fprintf(w, "    }\n  </style>\n  <rect class=\"page\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", width-1,
		height-1)
	fmt.Fprintf(w, "  <rect class=\"bar\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", width-1, bar)
	fmt.Fprintf(w, "  <text x=\"%d\" y=\"19\">$ %s</text>\n", border, escape(command))
	fmt.Fprintf(w, "  <svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\">\n  <g class=\"lines\">\n", border, bar+border,
		width-2*border, rows*lineHeight)
	for i, l := range lines {
		if l.text != "" {
			fmt.Fprintf(w, "  <text%s y=\"%d\">%s</text>\n", class(l.text), (i+1)*lineHeight-4, escape(l.text))
		}
	}
	fmt.Fprint(w, "  </g>\n  </svg>\n</svg>\n")
}

// pace returns when each line is shown, and how long the whole takes.
func pace(lines []line) (times []time.Duration, total time.Duration) {
	total = typing
	before := time.Duration(0)
	for _, l := range lines {
		total += max(moment, min(longest, l.at-before))
		before = l.at
		times = append(times, total)
	}
	return times, total + rest
}

// class colours a line: the steps' titles, what make and the installation say, refusals, and the end.
func class(text string) string {
	name := ""
	digits := strings.TrimLeft(text, "0123456789")
	switch {
	case digits != text && strings.HasPrefix(digits, ". "):
		name = "step"
	case strings.Contains(text, "not-authorized") || strings.Contains(text, "✗") || strings.Contains(text, "refused:"):
		name = "bad"
	case strings.Contains(text, "logged in") || strings.HasPrefix(text, "Every step"):
		name = "good"
	case !strings.HasPrefix(text, " "):
		name = "dim"
	default:
		return ""
	}
	return ` class="` + name + `"`
}

// escape is a text for XML. A space that begins a line or follows another is one that no reader drops.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes all
	return strings.ReplaceAll(b.String(), "  ", "\u00a0\u00a0")
}
