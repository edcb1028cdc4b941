package bosh

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/stanza"
)

// A farewell is where Prosody is told of a session's end.
type farewell struct{ target, host, sid string }

// farewellTo is where a request goes, without anything that it brings.
func (h *Handler) farewellTo(r *proxy.Request) *farewell {
	return &farewell{target: r.Target("http").String(), host: r.R.Host}
}

// of is the same for the session of a name.
func (f *farewell) of(sid string) farewell { return farewell{f.target, f.host, sid} }

// sayFarewell ends a session at Prosody after a request of it was refused here:
// Prosody would wait for that request. s is nil if the session is untracked.
func (h *Handler) sayFarewell(to farewell, rid int64, s *session) {
	if !h.farewells.TryAcquire(1) {
		return
	}
	runs := h.Go(func(ctx context.Context) {
		defer h.farewells.Release(1)
		defer h.Panics.Recover(login.Door, "farewell", func() {})
		ctx, cancel := context.WithTimeout(ctx, h.FarewellTimeout)
		defer cancel()
		condition, ended := h.tellProsody(ctx, to, stanza.Terminate(to.sid, strconv.FormatInt(rid, 10), ""))
		if ended && s != nil {
			s.terminated(rid, condition)
			h.sessions.ended(to.sid, s)
		}
	})
	if !runs {
		h.farewells.Release(1)
	}
}

// tellProsody sends Prosody the end of a session, and reports what it says.
func (h *Handler) tellProsody(ctx context.Context, to farewell, body string) (condition string, ended bool) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.target, strings.NewReader(body))
	if err != nil {
		return "", false
	}
	r.Host = to.host
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	answer, err := h.Transport.RoundTrip(r)
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, stanza.MaxTag))
	if err != nil {
		return "", false
	}
	tag, err := stanza.ParseBodyTag(text)
	return tag.Attribute("condition"), err == nil && tag.Attribute("type") == "terminate"
}
