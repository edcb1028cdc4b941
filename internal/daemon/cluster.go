package daemon

import (
	"context"
	"errors"
	"log/slog"

	"usher/internal/config"
	"usher/internal/daemon/membership"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation/notify"
	"usher/moderation/reconcile"
	"usher/moderation/sessions"
)

// maxKnocks bounds those that wait to be told to the other ushers.
const maxKnocks = 500

// learned are the effects of what other ushers say.
type learned struct{ p *roomParts }

// Touch has the streams end that were revoked elsewhere, and rooms looked at.
func (l learned) Touch(t sessions.Touched) { l.p.touch(t) }

// ListChanged has the rooms looked at in which the lobby's lists count.
func (l learned) ListChanged(jids []string) { l.p.listChanged(jids) }

// openCluster makes this usher one of several.
func (p *roomParts) openCluster(ctx context.Context, c *config.Config, version string, log *slog.Logger,
	m *metrics.Metrics) (err error) {
	store, ok := p.store.(membership.Store)
	if !ok {
		return errors.New("not started: a cluster needs a state that survives, such as " +
			"state: sqlite:/var/lib/usher/usher.db")
	}
	p.cluster, err = membership.Open(ctx, membership.Options{Config: c, Version: version, Store: store,
		Sessions: p.sessions, Lobby: p.lobby, Streams: p.streams, Effects: learned{p}, Log: log, Metrics: m})
	return err
}

// clusterTasks are those of an usher among several.
func (p *roomParts) clusterTasks() []task {
	if p.cluster == nil {
		return nil
	}
	list := []task{p.loaded("cluster", p.cluster.Run),
		p.loaded("knocks", func(ctx context.Context) error { return p.cluster.TellKnocks(ctx, p.knocks) })}
	if p.writing != nil {
		list = append(list, p.loaded("writing", p.writing.Run))
	}
	return list
}

// knocked has the other ushers of the cell be told of a knock, if there is place.
func (p *roomParts) knocked(w lobby.Waiting) {
	select {
	case p.knocks <- w:
	default:
	}
}

// changeableRooms are the component's for what changes them.
type changeableRooms interface {
	reconcile.Rooms
	notify.Occupants
}

// changeable are the rooms as they may be changed.
func (p *roomParts) changeable() changeableRooms {
	if p.cluster == nil {
		return p.component
	}
	p.writing = p.cluster.Writing(p.component)
	return p.writing
}
