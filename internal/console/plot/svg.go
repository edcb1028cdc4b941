package plot

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// The units of a drawing: a bar is 8 wide with its gap.
const (
	barWidth = 8
	height   = 60
)

// A Drawing is a row of numbers, one a minute, as bars.
type Drawing struct {
	ID          string // of the elements in it: unique in a page, a word
	Title       string // what is counted
	Description string // the numbers in words
	Bad         bool   // of what was refused
	Values      []int
}

// SVG returns the drawing, as part of a page. Its colours are those of the classes of the styles; what it shows is in
// its title and its description, too.
func SVG(d Drawing) template.HTML {
	top := max(1, slices.Max(append([]int{0}, d.Values...)))
	var bars strings.Builder
	for i, v := range d.Values {
		if v <= 0 {
			continue
		}
		h := max(2, v*height/top) // one is seen beside a thousand
		fmt.Fprintf(&bars, "M%d %dh%dv%dh-%dz", (most-len(d.Values)+i)*barWidth+1, height-h, barWidth-2, h, barWidth-2)
	}
	class := "plot"
	if d.Bad {
		class += " bad"
	}
	escape := template.HTMLEscapeString
	id := escape(d.ID)
	return template.HTML(fmt.Sprintf(`<svg class="%s" viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" `+
		`aria-labelledby="%s-title %s-text"><title id="%s-title">%s</title><desc id="%s-text">%s</desc>`+
		`<path class="bars" d="%s"/><path class="axis" d="M0 %d.5h%d"/></svg>`,
		class, most*barWidth, height+1, id, id, id, escape(d.Title), id, escape(d.Description), bars.String(), height,
		most*barWidth))
}
