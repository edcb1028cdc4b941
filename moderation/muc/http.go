package muc

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/logattr"
	"usher/internal/panics"
	"usher/moderation"
)

// A Handler answers mod_muc_http_auth and mod_muc_http_defaults. Who may ask
// is for the server around it to say.
//
// mod_muc_http_auth takes for yes whatever Lua takes for true, and does not
// look at the status: allowed is always there, and true or false.
// mod_muc_http_defaults makes the first that joins an owner unless affiliations
// is there: it always is, on errors too.
type Handler struct {
	Service *Service
	Log     *slog.Logger // nil: no log

	// Panics writes down what the code does not survive; the answer is no.
	Panics *panics.Reporter // nil: nothing is written
}

type joinAnswer struct {
	Allowed bool   `json:"allowed"`
	Error   string `json:"error"`
}

type createAnswer struct {
	Affiliations map[string]moderation.Affiliation `json:"affiliations"`
	Error        string                            `json:"error,omitempty"`
}

// ServeHTTP answers one question.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case moderation.JoinPath, moderation.CreatePath:
		r.Pattern = r.URL.Path
	default:
		r.Pattern = "/muc/"
	}
	h.Panics.Serve("http", w, r, h.serve, func(w http.ResponseWriter, r *http.Request) {
		h.Service.fault(question{door: doorHTTP})
		h.refuse(w, r.URL.Path == moderation.CreatePath, http.StatusInternalServerError, moderation.ReasonInternalError)
	})
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	create := r.URL.Path == moderation.CreatePath
	switch {
	case r.URL.Path != moderation.JoinPath && !create:
		h.refuse(w, create, http.StatusNotFound, moderation.ReasonMalformedRequest)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		h.refuse(w, create, http.StatusMethodNotAllowed, moderation.ReasonMalformedRequest)
	case create:
		h.create(w, r)
	default:
		h.join(w, r)
	}
}

func (h *Handler) join(w http.ResponseWriter, r *http.Request) {
	q, err := query(r.URL.RawQuery, "userJID", "mucJID", "nickname")
	if err != nil {
		h.Service.conclude(r.Context(), h.Log, question{door: doorHTTP}, moderation.Refuse(moderation.ReasonMalformedRequest,
			"%v; compare the module's lines in Prosody with what usher prosody prints", err))
		h.refuse(w, false, http.StatusBadRequest, moderation.ReasonMalformedRequest)
		return
	}
	d := h.Service.Join(r.Context(), q["userJID"], q["mucJID"], q["nickname"])
	goesOn := d.Allowed || d.HeldByRoom
	if !goesOn || !h.Service.goingOn.take(q["userJID"], q["mucJID"], h.Service.now()) { // else the gateway has counted it
		h.Service.conclude(r.Context(), h.Log, question{door: doorHTTP, user: q["userJID"], room: q["mucJID"]}, d)
	}
	switch {
	case goesOn:
		answer(w, http.StatusOK, joinAnswer{Allowed: true})
	case d.Reason.Undecided():
		h.refuse(w, false, http.StatusServiceUnavailable, d.Reason)
	default:
		h.refuse(w, false, http.StatusForbidden, d.Reason)
	}
}
func (h *Handler) create(w http.ResponseWriter, r *http.Request) {
	q, err := query(r.URL.RawQuery, "jid")
	if err != nil {
		h.warn(r.Context(), "", moderation.Refuse(moderation.ReasonMalformedRequest,
			"%v; compare the module's lines in Prosody with what usher prosody prints", err))
		h.refuse(w, true, http.StatusBadRequest, moderation.ReasonMalformedRequest)
		return
	}
	affiliations, d := h.Service.Create(r.Context(), q["jid"])
	h.Service.concludeRoom(q["jid"], d)
	switch {
	case d.Allowed:
		if h.Log != nil {
			h.Log.LogAttrs(r.Context(), slog.LevelInfo, "room begins", logattr.Room(q["jid"]),
				slog.Int("affiliations", len(affiliations)))
		}
		answer(w, http.StatusOK, createAnswer{Affiliations: affiliations})
		return
	case d.Reason.Undecided():
		h.refuse(w, true, http.StatusServiceUnavailable, d.Reason)
	default:
		h.refuse(w, true, http.StatusForbidden, d.Reason)
	}
	h.warn(r.Context(), q["jid"], d)
}

func (h *Handler) warn(ctx context.Context, room string, d moderation.Decision) {
	if h.Log != nil {
		h.Log.LogAttrs(ctx, slog.LevelWarn, "room not created", logattr.Room(room),
			slog.String("reason", string(d.Reason)), slog.String("detail", d.Detail))
	}
}

func (h *Handler) refuse(w http.ResponseWriter, create bool, status int, why moderation.Reason) {
	if create {
		answer(w, status, createAnswer{Affiliations: map[string]moderation.Affiliation{}, Error: string(why)})
		return
	}
	answer(w, status, joinAnswer{Error: string(why)})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // Prosody is gone if this fails
}

// query reads exactly these parameters, each once and with a value. The
// door's own key has been looked at by then.
func query(raw string, names ...string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("the query is not percent-encoded")
	}
	delete(values, "key")
	q := map[string]string{}
	for _, name := range names {
		if len(values[name]) != 1 || values[name][0] == "" {
			return nil, errors.New(name + " is missing, or comes twice")
		}
		q[name] = values[name][0]
	}
	if len(values) != len(names) {
		return nil, errors.New("an unknown parameter; expected are " + strings.Join(names, ", "))
	}
	return q, nil
}
