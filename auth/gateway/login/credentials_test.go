package login

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/auth"
)

// asked is a request with a query as it is.
func asked(query string) *http.Request {
	return &http.Request{URL: &url.URL{Scheme: "http", Host: "x", Path: "/", RawQuery: query}, Header: http.Header{}}
}

// namesToken reports whether a pair of a query is named token, or jwt, as net/url
// reads it.
func namesToken(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	return err == nil && (name == "token" || name == "jwt")
}

func TestTakeToken(t *testing.T) {
	const malformed = auth.ReasonMalformedRequest
	for _, row := range []struct {
		query, bearer string
		token, rest   string
		problem       auth.Reason
		resumption    string
	}{
		{query: "", rest: ""},
		{query: "room=a&token=t", token: "t", rest: "room=a"},
		{query: "token=t&room=a", token: "t", rest: "room=a"},
		{query: "a=%41+b&token=t&c&&d=;e=%zz&%zz=f", token: "t", rest: "a=%41+b&c&&d=;e=%zz&%zz=f"},
		{query: "%74o%6Ben=t%2Eu%2dv", token: "t.u-v", rest: ""},
		{query: "token", rest: ""},
		{query: "token=", rest: ""},
		{query: "token=a=b", token: "a=b", rest: ""},
		{query: "Token=t&tokens=t&xtoken=t&token[]=t", rest: "Token=t&tokens=t&xtoken=t&token[]=t"},
		{query: "token=t&token=t", token: "t", rest: ""},
		{query: "token=&token=t&token=", token: "t", rest: ""},
		{query: "token=t&token=u", problem: malformed, rest: ""},
		{query: "token=u&x=1&token=t&y=2", problem: malformed, rest: "x=1&y=2"},
		{query: "token=%zz", problem: malformed, rest: ""},
		{query: "token=%zz&token=t&x", problem: malformed, rest: "x"},
		{query: "x=1", bearer: "Bearer t", token: "t", rest: "x=1"},
		{query: "x=1", bearer: "bEARER   t ", token: "t", rest: "x=1"},
		{query: "x=1", bearer: "Basic dDp0", rest: "x=1"},
		{query: "x=1", bearer: "Bearer", rest: "x=1"},
		{query: "token=t", bearer: "Bearer t", token: "t", rest: ""},
		{query: "token=t", bearer: "Bearer u", problem: malformed, rest: ""},
		{query: "previd=a%2Bb&token=t", token: "t", rest: "previd=a%2Bb", resumption: "a+b"},
		{query: "previd=a&previd=b", rest: "previd=a&previd=b", resumption: "b"},
		{query: "previd=%zz", rest: "previd=%zz"},
		{query: "a#token=t&b", rest: "a#token=t&b"},
	} {
		r := asked(row.query)
		if row.bearer != "" {
			r.Header.Set("Authorization", row.bearer)
		}
		l, rest := Take(r)
		if rest != row.rest || l.Resumption != row.resumption {
			t.Errorf("%q: %q goes on and %q is resumed, want %q and %q", row.query, rest, l.Resumption, row.rest, row.resumption)
		}
		if row.problem != "" {
			if l.Problem == nil || l.Problem.Reason != row.problem || strings.Contains(l.Problem.Error(), "zz") {
				t.Errorf("%q with %q: problem %v", row.query, row.bearer, l.Problem)
			}
		} else if l.Token != row.token || l.Problem != nil {
			t.Errorf("%q with %q: token %q, problem %v; want %q", row.query, row.bearer, l.Token, l.Problem, row.token)
		}
	}
}

func TestTwoBearers(t *testing.T) {
	for values, good := range map[string]bool{"Bearer t,Bearer t": true, "Bearer t,Bearer u": false, "Basic x,Bearer t": true} {
		r := asked("")
		r.Header["Authorization"] = strings.Split(values, ",")
		if l, _ := Take(r); (l.Problem == nil) != good {
			t.Errorf("%s: %v", values, l.Problem)
		}
	}
}

// FuzzTakeToken holds: what goes on has no pair named token, and every other
// pair of the query, in its order and as it was.
func FuzzTakeToken(f *testing.F) {
	for _, s := range []string{"a&token=t&b=%zz", "%74oken=t", "token", "&&=&token&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		_, rest := Take(asked(query))
		left := strings.Split(rest, "&")
		for pair := range strings.SplitSeq(query, "&") {
			named := namesToken(pair)
			switch {
			case named:
			case len(left) > 0 && left[0] == pair:
				left = left[1:]
			default:
				t.Fatalf("%q became %q: %q is not there", query, rest, pair)
			}
		}
		if len(left) > 0 && rest != "" {
			t.Fatalf("%q became %q: too much", query, rest)
		}
	})
}
