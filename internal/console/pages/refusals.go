package pages

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// refusalPages are the last decisions.
type refusalPages struct{ *desk }

// refusalsOnAPage is less than others have: each may have twenty lines.
const refusalsOnAPage = 8

// refusals are the last ones that a filter takes.
type refusals struct {
	Filter  url.Values
	Reasons []string
	Doors   []string
	Since   []choice
	List    []refusal
	Older   string // addresses; empty: there is none
	Newer   string
	Any     bool // a filter is set
}

// A choice is one of a list in a form.
type choice struct{ Value, Text string }

// A refusal is a decision with what a page needs of it.
type refusal struct {
	admin.Decision
	ID   string // of its element
	Who  string
	Sure bool // a signature proves who it was
	Kind string
	Word string // the verdict
}

// filters are what a decision can be searched by.
func filters() []string {
	return []string{"account", "room", "reason", "door", "login", "since", "all"}
}

func (p refusalPages) refusals(w http.ResponseWriter, r *http.Request) error {
	page := max(1, number(r.URL.Query().Get("page")))
	q := url.Values{}
	for _, name := range filters() {
		if v := strings.TrimSpace(r.URL.Query().Get(name)); v != "" {
			q.Set(name, v)
		}
	}
	c := refusals{Filter: url.Values{}, Reasons: admin.Reasons(), Doors: admin.Doors(), Any: len(q) > 0,
		Since: []choice{{"", "any time"}, {"10m", "the last 10 minutes"}, {"1h", "the last hour"},
			{"24h", "the last day"}}}
	maps.Copy(c.Filter, q)
	q.Set("last", strconv.Itoa(page*refusalsOnAPage+1))
	var list []admin.Decision
	if err := p.get(r, address(admin.DecisionsPath, q), &list); err != nil {
		return p.badFilter(w, r, c, err)
	}
	slices.Reverse(list)
	if len(list) > page*refusalsOnAPage {
		c.Older = pageAddress(r, page+1)
		list = list[:page*refusalsOnAPage]
	}
	if page > 1 {
		c.Newer = pageAddress(r, page-1)
	}
	c.List = refusalsOf(list[min((page-1)*refusalsOnAPage, len(list)):])
	p.showRefusals(w, r, http.StatusOK, layout.View{Content: c})
	return nil
}

// badFilter shows the page with what is wrong with its filter.
func (p refusalPages) badFilter(w http.ResponseWriter, r *http.Request, c refusals, err error) error {
	if _, away := asUnreachable(err); away || r.Context().Err() != nil {
		return err
	}
	p.showRefusals(w, r, http.StatusUnprocessableEntity, layout.View{Content: c,
		Notice: &layout.Notice{Bad: true, Text: "The filter cannot be read.", Lines: []string{err.Error()}}})
	return nil
}

func (p refusalPages) showRefusals(w http.ResponseWriter, r *http.Request, status int, v layout.View) {
	v.Title, v.Path, v.Events = "Refusals", "/refusals", events("refusals")
	p.show(w, r, status, "refusals", v)
}

// refusalsOf names each: the same decision has the same name each time.
func refusalsOf(list []admin.Decision) []refusal {
	named := map[string]int{}
	var all []refusal
	for _, d := range list {
		h := fnv.New64a()
		fmt.Fprint(h, d.Time.UnixNano(), d.About, d.Door, d.Reason, d.Account, d.Name, d.Room, d.LoginID)
		id := fmt.Sprintf("d%x", h.Sum64())
		if named[id]++; named[id] > 1 {
			id += fmt.Sprintf("-%d", named[id])
		}
		f := refusal{Decision: d, ID: id, Sure: true, Who: cmp.Or(d.Account, d.User), Kind: "bad", Word: "refused"}
		if f.Who == "" && strings.Trim(d.Name, "@") != "" {
			f.Who, f.Sure = d.Name, false
		}
		switch {
		case d.Allowed():
			f.Kind, f.Word = "good", "allowed"
		case d.Result != "denied":
			f.Kind, f.Word = "warn", "not decided"
		}
		all = append(all, f)
	}
	return all
}

// Behind is who is behind an account, if that says more.
func (f refusal) Behind() string {
	behind := cmp.Or(f.DisplayName, f.User, f.DisplayID)
	if strings.HasPrefix(f.Who, behind) {
		return ""
	}
	return behind
}
