package admin

import (
	"context"
	"errors"
	"net/http"

	"usher/internal/cluster"
	"usher/internal/recent"
)

// A Cluster is this usher among several.
type Cluster interface {
	Report() cluster.Report
	// Forget retires a node for good.
	Forget(ctx context.Context, node string) error
	// Know waits a few seconds for the others to have what was recorded here, and says who has it: all of them, or
	// those of the cell.
	Know(ctx context.Context, cell bool) (cluster.Known, error)
}

// A ClusterAnswer is that of GET /cluster.
type ClusterAnswer struct {
	Alone bool `json:"alone,omitempty"` // there is no cluster in the configuration
	cluster.Report
	Writes bool `json:"writes"` // this usher changes rooms
}

// A ForgetAnswer is that of POST /cluster/forget.
type ForgetAnswer struct {
	Alone   bool   `json:"alone,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Reach is who else has a change, as part of the answer to it. Of an usher that is alone there is none.
type Reach struct {
	cluster.Known
	Text    string `json:"text"`              // for people
	Problem string `json:"problem,omitempty"` // nobody else knows yet, or not all do
}

// cluster answers usher cluster.
func (s *server) cluster(m *routes) {
	m.ask("GET /cluster", func(w http.ResponseWriter, _ *http.Request) {
		if s.Cluster == nil {
			writeJSON(w, ClusterAnswer{Alone: true})
			return
		}
		r := s.Cluster.Report()
		writeJSON(w, ClusterAnswer{Report: r, Writes: r.Writer == r.Node})
	})
	m.change("POST /cluster/forget", "cluster forget", func(r *http.Request, c *recent.Change) (any, error) {
		answer := ForgetAnswer{Alone: s.Cluster == nil}
		c.Target = r.URL.Query().Get("node")
		if answer.Alone {
			c.Refuse(errAlone)
			return answer, nil
		}
		if err := s.Cluster.Forget(r.Context(), c.Target); err != nil {
			answer.Problem = err.Error()
			c.Refuse(err)
		}
		return answer, nil
	})
}

var errAlone = errors.New("there is no cluster in the configuration")

// reach waits for the other ushers to have a change that was made, and says who has it.
func (s *server) reach(ctx context.Context, cell bool) *Reach {
	if s.Cluster == nil {
		return nil
	}
	known, err := s.Cluster.Know(ctx, cell)
	answer := &Reach{Known: known, Text: known.String()}
	switch {
	case errors.Is(err, cluster.ErrUnpublished):
		answer.Problem = "it is in force here, and no other usher knows it: Redis does not take it; it is sent as " +
			"soon as that is back (usher cluster status)"
	case err != nil || len(known.Missing) > 0:
		answer.Problem = "it is in force here, and not all of the other ushers have it yet"
	}
	return answer
}
