package driver_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestLive: a page that puts another button into the place of its button all the time, as a live page does unless that
// has the focus, is used like any other.
func TestLive(t *testing.T) {
	t.Parallel()
	browser, link := startSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<link rel="icon" href="data:,"><form method="post"><button>Send</button></form><script>
			setInterval(() => {
				const old = document.querySelector("button");
				if (old !== document.activeElement) old.replaceWith(old.cloneNode(true));
			}, 1);
		</script>`)
	})
	p := browser.Tab(t)
	p.Go(t, link)
	for range 5 {
		if status := p.Follow(t, "button"); status != http.StatusOK {
			t.Errorf("the button leads to a page with the status %d", status)
		}
	}
}
