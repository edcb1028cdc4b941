package admin

import (
	"time"

	"usher/internal/text"
)

// A Reload says what a reload did: the answer of POST /reload.
type Reload struct {
	OK       bool      `json:"ok"`
	Changes  []string  `json:"changes"`  // in words; empty if nothing changed
	Problems []string  `json:"problems"` // why the old configuration stays; the first is the reason
	Warnings []string  `json:"warnings"` // with which it is in force all the same, or would be
	Time     time.Time `json:"time"`

	// What the reload just before changed, if this one found nothing left to do:
	// a file that changed is often read before the operator has asked for it.
	Earlier []string `json:"earlier,omitempty"`

	// Of a reload that was refused for a reason which may pass: when it is tried
	// again, and how often it was tried.
	RetryAt time.Time `json:"retry_at,omitzero"`
	Tries   int       `json:"tries,omitempty"`
}

// Reason is why a reload was refused: the first problem that is not a warning.
func (r *Reload) Reason() string {
	if len(r.Problems) == 0 {
		return ""
	}
	return r.Problems[0]
}

// RetryText follows a sentence that says why a reload was refused.
func (r *Reload) RetryText() string {
	if r.RetryAt.IsZero() {
		return ""
	}
	return "; as that may pass, it is tried again at " + r.RetryAt.Format("15:04:05") + " (tried " +
		text.Plural(r.Tries, "time") + "), until it succeeds or a file changes"
}
