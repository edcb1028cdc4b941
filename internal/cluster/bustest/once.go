package bustest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/cluster"
)

// testOnce: of many who give a name, whatever their connection, one is first; another scope has names of its own; and
// when its time is over a name can be given again, and is not kept beside hundreds of others.
func testOnce(t *testing.T, e Engine) {
	const within, shortly = time.Minute, 50 * time.Millisecond
	list := []cluster.Bus{e.Connect(t), e.Connect(t)}
	var firsts atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			first, err := list[i%2].Once(t.Context(), cluster.Global, "state", within)
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if n := firsts.Load(); n != 1 {
		t.Errorf("%d of 20 were the first", n)
	}
	give := func(scope cluster.Scope, name string, lasts time.Duration, want bool) {
		t.Helper()
		if first, err := list[0].Once(t.Context(), scope, name, lasts); first != want || err != nil {
			t.Errorf("%s %s: %v, %v; want %v", scope, name, first, err, want)
		}
	}
	give(cluster.Cell("a"), "state", within, true)
	for i := range 200 {
		give(cluster.Global, fmt.Sprint("other", i), shortly, true)
	}
	time.Sleep(2 * shortly)
	for i := range 200 {
		give(cluster.Global, fmt.Sprint("other", i), within, true)
		give(cluster.Global, fmt.Sprint("other", i), within, false)
	}
	give(cluster.Global, "state", within, false)
}
