package admin

import (
	"net/http"
	"time"
)

// HistoryPath is where the counts of the last hour are asked for.
const HistoryPath = "/history"

// A History is the answer of GET /history: what was decided in each minute of the last hour.
type History struct {
	Off    bool           `json:"off,omitempty"` // nobody keeps it: there is no console
	Points []HistoryPoint `json:"points"`        // the oldest first; the last one is of the minute that runs
}

// A HistoryPoint is what was decided from one moment to another.
type HistoryPoint struct {
	From          time.Time      `json:"from"`
	Until         time.Time      `json:"until"`
	Logins        int            `json:"logins"`         // that were let in
	Joins         int            `json:"joins"`          // likewise
	LoginsRefused map[string]int `json:"logins_refused"` // by reason; also those that could not be decided
	JoinsRefused  map[string]int `json:"joins_refused"`  // likewise
}

// A Historian keeps the counts of the last hour.
type Historian interface{ History() History }

func (s *server) history(m *routes) {
	m.ask("GET "+HistoryPath, func(w http.ResponseWriter, _ *http.Request) {
		if s.History == nil {
			writeJSON(w, History{Off: true, Points: []HistoryPoint{}})
			return
		}
		writeJSON(w, s.History.History())
	})
}
