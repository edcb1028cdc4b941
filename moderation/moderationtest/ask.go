package moderationtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
)

// Ask asks a handler as Prosody does, and returns the status and what it answered.
func Ask(h http.Handler, path string) (int, map[string]any) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var answer map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer
}
