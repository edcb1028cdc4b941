package notify

import (
	"context"
	"errors"
	"strings"

	"usher/internal/jid"
	"usher/moderation"
	"usher/moderation/adhoc"
)

// A Memory tells of an account, a bare JID, what is known without asking a room.
type Memory interface {
	// MayModerate hints at whether an account is moderator of a room, or, for "", of
	// any room where an account waits. Only the room knows.
	MayModerate(account, room string) bool
	// Knocks reports whether an account waits in a room or was decided about there.
	Knocks(room, account string) bool
}

// Decisions are what a moderator may see and decide.
type Decisions interface {
	// Waiting asks the rooms where accounts wait who is moderator there, and returns
	// the accounts that wait in those where the moderator is.
	Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error)
	// DecideAs admits or denies accounts that wait in a room, once the room has said
	// that the account that decides is moderator there. The error is
	// [moderation.ErrNotModerator], [moderation.ErrNobodyWaits],
	// [moderation.ErrTooManyDecisions] or, for a decision that holds while the room
	// cannot be changed yet, [moderation.ErrNotYet].
	DecideAs(ctx context.Context, moderator, room string, accounts []string, admit bool) error
}

// A Dialog is the command by which moderators see, in their client, which accounts
// wait, and decide. Nothing is kept between its stages: what is submitted names everything,
// and is checked anew.
type Dialog struct {
	memory    Memory
	decisions Decisions
}

// NewDialog returns the command.
func NewDialog(m Memory, d Decisions) *Dialog { return &Dialog{m, d} }

// Title is what a client shows of the command.
func (d *Dialog) Title() string { return dialogTitle }

// Stage is one step of an account: without a form it asks which accounts wait, with
// one it decides.
func (d *Dialog) Stage(account string, fields adhoc.Submitted) adhoc.Stage {
	if fields == nil {
		if !d.memory.MayModerate(account, "") {
			return ended(noteNobodyWaits())
		}
		list := func(ctx context.Context) (adhoc.Answer, error) { return d.list(ctx, account) }
		return adhoc.Stage{Likely: true, Do: list}
	}
	c, wrong := readChoice(fields)
	switch {
	case wrong != "":
		return ended(fail(wrong))
	case !c.every(d.memory.Knocks):
		return ended(noteGone())
	}
	return adhoc.Stage{
		Likely: c.every(func(room, _ string) bool { return d.memory.MayModerate(account, room) }),
		Do:     func(ctx context.Context) (adhoc.Answer, error) { return d.decide(ctx, account, c) },
	}
}

func ended(n adhoc.Note) adhoc.Stage {
	return adhoc.Stage{Answer: &adhoc.Answer{Note: n}}
}

// list asks the rooms which accounts wait.
func (d *Dialog) list(ctx context.Context, account string) (adhoc.Answer, error) {
	waiting, err := d.decisions.Waiting(ctx, account)
	switch {
	case err != nil:
		return adhoc.Answer{}, err
	case len(waiting) == 0:
		return adhoc.Answer{Note: noteNobodyWaits()}, nil
	}
	return adhoc.Answer{Form: dialogForm(waiting[:min(len(waiting), maxListed)], len(waiting)-maxListed)}, nil
}

// decide does what was submitted, and says what came of it.
func (d *Dialog) decide(ctx context.Context, moderator string, c choice) (adhoc.Answer, error) {
	later := false
	for _, in := range c.rooms {
		switch err := d.decisions.DecideAs(ctx, moderator, in.room, in.accounts, c.admit); {
		case errors.Is(err, moderation.ErrNotModerator):
			return adhoc.Answer{Note: noteNoModerator(in.room)}, nil
		case errors.Is(err, moderation.ErrNobodyWaits):
			return adhoc.Answer{Note: noteGoneFrom(in.room)}, nil
		case errors.Is(err, moderation.ErrTooManyDecisions):
			return adhoc.Answer{Note: noteTooMany()}, nil
		case errors.Is(err, moderation.ErrNotYet):
			later = true
		case err != nil:
			return adhoc.Answer{}, err
		}
	}
	return adhoc.Answer{Note: noteDecided(c.admit, later, c.n)}, nil
}

const (
	maxListed     = 50  // accounts that a form names
	waiterDivider = " " // between room and account in a value of the form; in no JID
)

// A choice is what a moderator decides.
type choice struct {
	admit bool
	rooms []chosen // in the order in which they were named
	n     int      // accounts in all
}

// A chosen is the part of a choice that is about one room.
type chosen struct {
	room     string
	accounts []string // bare JIDs
}

// readChoice reads a form that was submitted, or says to the person what is wrong
// with it. Any account may send one: it has bounds in numbers and bytes.
func readChoice(fields adhoc.Submitted) (out choice, wrong string) {
	decision, who := fields["decision"], fields["who"]
	if len(decision) != 1 || decision[0] != "admit" && decision[0] != "deny" || len(who) == 0 || len(who) > maxListed {
		return choice{}, textChooseSomebody
	}
	out = choice{admit: decision[0] == "admit"}
	for _, w := range who {
		room, account, found := strings.Cut(w, waiterDivider)
		if !found || len(room) > jid.MaxJID || len(account) > jid.MaxJID {
			return choice{}, textNobody
		}
		out.add(strings.Clone(room), strings.Clone(account)) // the rest of the stanza can go
	}
	return out, ""
}

func (c *choice) add(room, account string) {
	c.n++
	for i := range c.rooms {
		if c.rooms[i].room == room {
			c.rooms[i].accounts = append(c.rooms[i].accounts, account)
			return
		}
	}
	c.rooms = append(c.rooms, chosen{room, []string{account}})
}

// every reports whether something is so of each account that was chosen.
func (c *choice) every(is func(room, account string) bool) bool {
	for _, in := range c.rooms {
		for _, account := range in.accounts {
			if !is(in.room, account) {
				return false
			}
		}
	}
	return true
}
