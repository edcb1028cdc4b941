package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"usher/internal/admin"
)

// onAPage is how many rows of a list a page has: with so many it stays light for a phone.
const onAPage = 30

// A found is what a page shows of a list: what a search finds, a page of it.
type found[T any] struct {
	Search string
	List   []T
	Pager  pager
	All    int // without the search
}

// A pager leads through a list that is longer than a page.
type pager struct {
	Page, Pages, Total int
	Prev, Next         string // addresses; empty: there is none
}

// search asks for the page of a list that is wanted, of what the field q finds.
func search[T any](p *desk, r *http.Request, path string) (found[T], error) {
	f := found[T]{Search: strings.TrimSpace(r.URL.Query().Get("q"))}
	page := max(1, number(r.URL.Query().Get("page")))
	q := url.Values{"text": {f.Search}, "from": {strconv.Itoa((page - 1) * onAPage)}, "most": {strconv.Itoa(onAPage)}}
	var answer admin.Found[T]
	if err := p.get(r, address(path, q), &answer); err != nil {
		return f, err
	}
	f.List, f.All, f.Pager = answer.List, answer.All, pagerOf(r, answer.From/onAPage+1, answer.Found, onAPage)
	return f, nil
}

// paged is the page of a list that is at hand, with so many rows at most.
func paged[T any](r *http.Request, list []T, most int) ([]T, pager) {
	pages := max(1, (len(list)+most-1)/most)
	page := min(max(1, number(r.URL.Query().Get("page"))), pages)
	return list[(page-1)*most : min(page*most, len(list))], pagerOf(r, page, len(list), most)
}

func pagerOf(r *http.Request, page, total, most int) pager {
	p := pager{Page: page, Pages: max(1, (total+most-1)/most), Total: total}
	if page > 1 {
		p.Prev = pageAddress(r, page-1)
	}
	if page < p.Pages {
		p.Next = pageAddress(r, page+1)
	}
	return p
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // 0 for what is none
	return min(n, 1<<20)
}

func pageAddress(r *http.Request, page int) string {
	return address(r.URL.Path, with(r.URL.Query(), "page", strconv.Itoa(page)))
}

// with is a query with one value changed, and without what is shown once.
func with(q url.Values, name, value string) url.Values {
	q.Set(name, value)
	q.Del("notice")
	return q
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// events is the address of a stream. It is the same for every filter: the page itself is asked again.
func events(path string) string { return "/events/" + path }

// finds reports whether one of some texts has what is searched for, in any letter case.
func finds(search string, in ...string) bool {
	search = strings.ToLower(strings.TrimSpace(search))
	for _, s := range in {
		if strings.Contains(strings.ToLower(s), search) {
			return true
		}
	}
	return search == ""
}
