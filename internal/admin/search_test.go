package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/lobby"
)

// TestFind: the parts of what fits are all of it, in its order, whatever their length; from behind the end there is the
// last one.
func TestFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.StringMatching(`[abAB]{0,3}`)).Draw(t, "list")
		text, most := rapid.StringMatching(`[ab]{0,2}`).Draw(t, "text"), rapid.IntRange(1, 9).Draw(t, "most")
		var want []string
		for _, s := range list {
			if strings.Contains(strings.ToLower(s), text) {
				want = append(want, s)
			}
		}
		part := func(from int) Found[string] {
			q := url.Values{"text": {text}, "most": {fmt.Sprint(most)}, "from": {fmt.Sprint(from)}}
			return find(q, list, func(s *string) []string { return []string{*s} })
		}
		var got []string
		for from := 0; from < len(want); from += most {
			f := part(from)
			if f.From != from || f.Found != len(want) || f.All != len(list) || len(f.List) > most {
				t.Fatalf("%+v", f)
			}
			got = append(got, f.List...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		if f := part(len(want) + most); f.From+len(f.List) != len(want) || f.From%most != 0 || len(want) > 0 && len(f.List) == 0 {
			t.Fatalf("behind the end: %+v", f)
		}
	})
}

// TestPartOf: a question that is none is for the first part, and none is longer than the bound.
func TestPartOf(t *testing.T) {
	for q, want := range map[string][2]int{"": {0, mostFound}, "from=-1&most=-1": {0, mostFound}, "from=x&most=y": {0, mostFound},
		"from=7&most=30": {7, 30}, "most=1000000": {0, mostFound}} {
		values, _ := url.ParseQuery(q)
		if from, most := partOf(values); from != want[0] || most != want[1] {
			t.Errorf("%s: %d, %d", q, from, most)
		}
	}
}

// standKnocks is a lobby in which many wait.
type standKnocks struct {
	standList
	n int
}

func (l standKnocks) KnocksPart(from, most int) (list []lobby.Knock, all int) {
	for i := from; i < min(from+most, l.n); i++ {
		list = append(list, lobby.Knock{ID: fmt.Sprint(i)})
	}
	return list, l.n
}

// TestKnocksPart: of who waits there is a part, from behind the end the last one.
func TestKnocksPart(t *testing.T) {
	m, _ := audited(stand{})
	m.server.Whitelist = standKnocks{n: 65}
	for from, want := range map[int][2]int{0: {0, 30}, 60: {60, 5}, 90: {60, 5}} {
		w := httptest.NewRecorder()
		path := fmt.Sprintf("/lobby/knocks/part?from=%d&most=30", from)
		m.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		var f Found[Knock]
		if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || f.All != 65 || f.From != want[0] || len(f.List) != want[1] {
			t.Errorf("%s: %v, %s", path, err, w.Body)
		}
	}
}
