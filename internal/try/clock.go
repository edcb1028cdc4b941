package try

import (
	"context"
	"net/http"
	"time"
)

// mostApart is how far clocks may differ beside the leeway: a Date has no more than seconds.
const mostApart = 2 * time.Second

// date notes what the web server says of the time, and between which moments here it said so.
func (t *link) date(header string, began time.Time) {
	at, err := http.ParseTime(header)
	if err != nil {
		return
	}
	now := time.Now()
	switch {
	case at.Add(time.Second).Before(began): // it is cut to seconds
		t.apart = at.Add(time.Second).Sub(began)
	case at.After(now):
		t.apart = at.Sub(now)
	default:
		t.apart = 0
	}
	t.dated = true
}

// clock compares the time of the web server's machine with the time here.
func (t *link) clock(context.Context) result {
	if !t.dated {
		return result{}
	}
	apart, allowed := t.apart, t.rules().Leeway+mostApart
	if apart.Abs() > allowed {
		way := "ahead of"
		if apart < 0 {
			way = "behind"
		}
		return failed("set both right (timedatectl set-ntp true): tokens are good by the clock",
			"the web server's clock is %s %s this one", apart.Abs().Round(time.Second), way).beside()
	}
	return passed("the web server's is this one's")
}
