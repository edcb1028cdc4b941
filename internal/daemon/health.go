package daemon

import (
	"fmt"
	"net/http"
)

// metricsHandler answers Prometheus and health checks.
func (d *daemon) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	scrape := d.metrics.Handler()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		d.verifier.CountKeys() // key sources change without a reload
		scrape.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", d.readyz)
	return mux
}

func (d *daemon) readyz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	reasons := d.notReady()
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		fmt.Fprintln(w, "ok")
	}
	for _, reason := range reasons {
		fmt.Fprintln(w, reason)
	}
	if last := d.reloader.last.Load(); last != nil && !last.OK {
		fmt.Fprintln(w, "note: the last reload was refused; the old configuration stays in force")
	}
}
