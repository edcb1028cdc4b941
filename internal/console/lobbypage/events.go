package lobbypage

import (
	"context"
	"strings"
	"time"

	"usher/internal/console/route"
	"usher/moderation/notify"
)

// lookEvery is how often the rooms are asked while a page is open.
const lookEvery = time.Second

// events says when the page has changed. It asks the rooms each second, for all open pages of a moderator at once: no
// room tells by itself that somebody was demoted or has left. A viewer who owns none any more, or of whom that cannot
// be known, is told to look again, and the stream ends.
func (p *Pages) events(s *route.Stream) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	lookup, leave := p.lookups.join(lookupKey{s.Viewer.Account, s.Viewer.Room})
	defer leave()
	seen, first := "", true
	for {
		now, owns := p.look(s, lookup)
		if !owns {
			return s.Send("changed", "")
		}
		if !first && now != seen {
			if err := s.Send("changed", ""); err != nil {
				return err
			}
		}
		seen, first = now, false
		select {
		case <-s.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

// look is what the page shows now, as a text that changes with it.
func (p *Pages) look(s *route.Stream, l *lookup) (now string, owns bool) {
	ctx, cancel := context.WithTimeout(s.Context(), askWithin)
	defer cancel()
	rooms, err := l.ask(ctx, func(ctx context.Context) ([]notify.OwnRoom, error) { return p.ask(ctx, s.Viewer) })
	return fingerprint(rooms), err == nil && len(rooms) > 0
}

func fingerprint(rooms []notify.OwnRoom) string {
	var b strings.Builder
	for _, r := range rooms {
		b.WriteString(r.Room + "\n")
		for _, k := range r.Waiting {
			b.WriteString(" " + k.ID + " " + k.Name + "\n") // a name has no line break
		}
	}
	return b.String()
}
