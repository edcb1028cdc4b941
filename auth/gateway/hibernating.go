package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"

	"usher/auth/gateway/relay"
	"usher/auth/gateway/stream"
	"usher/auth/gateway/websocket"
	"usher/internal/logattr"
)

// The bounds of what a revocation of many accounts causes: accounts whose streams are ended
// at the same time, and those that wait for that. Of others the component takes the
// occupants out.
const (
	endingNow  = 8
	endingSoon = 512
)

// endLost ends the streams of one account whose connections are lost: it was revoked, or has
// other rights now, which its Prosody would not take.
func (s *Server) endLost(list []relay.Lost) {
	s.streams.Go(func(ctx context.Context) {
		if !s.ending.TryAcquire(1) {
			s.notEnded(ctx, len(list), "too many at the same time")
			return
		}
		defer s.ending.Release(1)
		defer s.Panics.Recover(Door, "hibernating", func() {})
		if s.turns.Acquire(ctx, 1) != nil {
			return
		}
		defer s.turns.Release(1)
		for _, one := range list {
			if err := s.endOne(ctx, one); err != nil && ctx.Err() == nil {
				s.notEnded(ctx, 1, err.Error())
			}
		}
	})
}

// endOne resumes a stream straight at Prosody, and ends it.
func (s *Server) endOne(ctx context.Context, one relay.Lost) error {
	settings := s.settings.Load()
	way, _ := settings.Way(one.Host)
	token, err := s.Relay.InnerToken(ctx, one.Login)
	if err != nil {
		return err
	}
	u := *cmp.Or(way.Upstream, settings.Upstream)
	u.Scheme = map[string]string{"https": "wss"}[u.Scheme]
	u.Scheme = cmp.Or(u.Scheme, "ws")
	u.Path, u.RawQuery = WebSocketPath, one.Query(token)
	return s.streams.EndHibernating(ctx, stream.Hibernating{
		Prosody: websocket.Request{
			Address: u.String(), Host: way.Main, Protocols: []string{stream.Protocol}, Header: http.Header{},
		},
		Host: one.Host, Resumption: one.Resumption, Acked: one.Acked,
	})
}

// notEnded tells the operator who stays in rooms for a moment longer. No error has the
// address in it, which has a token.
func (s *Server) notEnded(ctx context.Context, n int, why string) {
	if silent, now := s.notEndedLog.Allow(); now {
		s.Log.LogAttrs(ctx, slog.LevelWarn,
			"streams whose logins were revoked, or have other rights now, and whose clients are away, could not be "+
				"ended at Prosody: the component takes who was revoked out of rooms",
			slog.Int("n", n), slog.String("problem", why), logattr.NotLogged(silent))
	}
}
