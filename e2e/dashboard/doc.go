// Package dashboard holds a test alone: do the queries of deploy/grafana-dashboard.json say something of a real usher?
// With -picture it draws what they say. There is no Grafana.
package dashboard
