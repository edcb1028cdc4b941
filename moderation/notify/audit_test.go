package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/notify"
)

// An audit is what was recorded, a line each.
type audit []string

func (a *audit) Decided(_ context.Context, via, moderator, room string, accounts []string, admit, done bool, err error) {
	*a = append(*a, fmt.Sprint(via, moderator, " ", room, " ", accounts, " ", admit, " ", done, " ", err))
}

// TestRefusedIsRecorded: a decision has its line also where it is refused, as of one who is no moderator any more; not
// those of strangers, who could fill the log.
func TestRefusedIsRecorded(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest, alice := "g@guest."+host, "alice@"+host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, standup, "G")
		k, n := f.Connect(r)
		var lines audit
		commands := notify.NewLobbyCommands(notify.CommandOptions{Sessions: f.Sessions, Lobby: f.Lobby, Audit: &lines,
			Reconciler: k, Notifier: n})
		r.Room(standup).JoinAs("other@"+host, moderation.RoleModerator)
		r.Room(standup).Leave(alice)
		for _, who := range []string{guest, alice, guest} {
			err := commands.DecideAs(t.Context(), who, standup, []string{guest}, true)
			if !errors.Is(err, moderation.ErrNotModerator) {
				t.Errorf("%s: %v", who, err)
			}
		}
		id := f.Lobby.Knocks(standup)[0].ID
		for _, who := range []string{guest, alice} {
			if _, err := commands.DecideKnockAs(t.Context(), who, standup, id, false); !errors.Is(err, moderation.ErrNotModerator) {
				t.Errorf("%s by a page: %v", who, err)
			}
		}
		r.Room(standup).Give(alice, moderation.Owner)
		r.Room(standup).Join(alice)
		if _, err := commands.DecideKnockAs(t.Context(), alice, standup, id, false); err != nil {
			t.Error(err)
		}
		want := audit{fmt.Sprint(alice, " ", standup, " [", guest, "] true false ", moderation.ErrNotModerator),
			fmt.Sprint("console", alice, " ", standup, " [--id ", id, "] false false ", moderation.ErrNotModerator),
			fmt.Sprint("console", alice, " ", standup, " [", guest, "] false true <nil>")}
		if !slices.Equal(lines, want) {
			t.Errorf("recorded are %q", lines)
		}
	})
}
