package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// onAPage is how many rows of a list a page has: with so many it stays light for a phone.
const onAPage = 30

// A pager leads through a list that is longer than a page.
type pager struct {
	Page, Pages, Total int
	Prev, Next         string // addresses; empty: there is none
}

// paged cuts a list to the page that is asked for.
func paged[T any](r *http.Request, list []T) ([]T, pager) {
	pages := max(1, (len(list)+onAPage-1)/onAPage)
	page := min(max(1, number(r.URL.Query().Get("page"))), pages)
	p := pager{Page: page, Pages: pages, Total: len(list)}
	if page > 1 {
		p.Prev = pageAddress(r, page-1)
	}
	if page < pages {
		p.Next = pageAddress(r, page+1)
	}
	return list[(page-1)*onAPage : min(page*onAPage, len(list))], p
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // 0 for what is none
	return n
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
	if search == "" {
		return true
	}
	for _, s := range in {
		if strings.Contains(strings.ToLower(s), search) {
			return true
		}
	}
	return false
}
