package moderation

import (
	"testing"
	"time"
)

// TestPlan is the truth table of giving and taking back.
func TestPlan(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	mine, other := ID{1}, ID{2}
	given := func(a Affiliation, change ...func(*Assignment)) *Assignment {
		g := &Assignment{Room: "r", JID: "j", Affiliation: a, Session: mine, At: now.Add(-time.Hour), Confirmed: true}
		for _, c := range change {
			c(g)
		}
		return g
	}
	external := func(g *Assignment) { g.External = true }
	taken := func(g *Assignment) { g.Overridden = true }
	unseen := func(g *Assignment) { g.Confirmed = false }
	older := func(g *Assignment) { g.Session = other }
	revoked := func(g *Assignment) { g.End = EndRevoked }
	noKey := func(g *Assignment) { g.End = EndKeyGone }
	const nothing = Affiliation("")
	for name, row := range map[string]struct {
		has, want Affiliation // want empty: no session opens the room
		given     *Assignment
		onEnd     Expiry
		strict    bool
		ending    bool
		set       Affiliation
		remove    bool
		forget    bool
		taken     bool // the record says so afterwards
	}{
		"a newcomer":                         {has: None, want: Member, set: Member},
		"a new moderator":                    {has: None, want: Owner, set: Owner},
		"a participant with a better token":  {has: Member, want: Owner, given: given(Member, older), set: Owner},
		"a later token without the claim":    {has: Owner, want: Member, given: given(Owner, older), set: Member},
		"others are none":                    {has: Owner, want: None, given: given(Owner, older), set: None},
		"nothing changed":                    {has: Owner, want: Owner, given: given(Owner), set: nothing},
		"somebody else's grant":              {has: Owner, want: Member, set: nothing},
		"somebody else's grant, again":       {has: Owner, want: Member, given: given(Owner, external), set: nothing},
		"somebody else's grant, later token": {has: Owner, want: Member, given: given(Owner, external, older), set: nothing},
		"raised by somebody else":            {has: Owner, want: Member, given: given(Member), set: nothing},
		"taken away":                         {has: None, want: Owner, given: given(Owner), set: nothing, taken: true},
		"member taken away":                  {has: None, want: Member, given: given(Member), set: nothing, taken: true},
		"taken away stays":                   {has: None, want: Owner, given: given(Owner, taken), set: nothing},
		"taken away, another token":          {has: None, want: Owner, given: given(Owner, taken, older), set: Owner},
		"external one taken away":            {has: None, want: Owner, given: given(Owner, external), set: nothing, taken: true},
		"killed before it was set":           {has: None, want: Owner, given: given(Owner, unseen), set: Owner},
		"killed after it was set":            {has: Owner, want: Owner, given: given(Owner, unseen), set: nothing},
		"banned":                             {has: Outcast, want: Owner, set: nothing},
		"banned after it was given":          {has: Outcast, want: Owner, given: given(Owner), set: nothing},
		"our own ban, a new token":           {has: Outcast, want: Member, given: given(Outcast, revoked), set: Member},
		"our own ban":                        {has: Outcast, given: given(Outcast, revoked), set: None, forget: true, remove: true},
		"expired, keep":                      {has: Owner, given: given(Owner), onEnd: ExpiryKeep, set: nothing, forget: true},
		"expired, demote":                    {has: Owner, given: given(Owner), onEnd: ExpiryDemote, set: None, forget: true},
		"expired, remove":                    {has: Owner, given: given(Owner), onEnd: ExpiryRemove, set: None, forget: true, remove: true},
		"expired, not ours":                  {has: Owner, given: given(Owner, external), onEnd: ExpiryDemote, set: nothing, forget: true},
		"expired, taken away":                {has: None, given: given(Owner, taken), onEnd: ExpiryDemote, set: nothing, forget: true},
		"expired, changed":                   {has: Admin, given: given(Owner), onEnd: ExpiryDemote, set: nothing, forget: true},
		"revoked":                            {has: Owner, given: given(Owner, revoked), onEnd: ExpiryKeep, set: None, forget: true, remove: true},
		"key removed":                        {has: Owner, given: given(Owner, noKey), onEnd: ExpiryKeep, set: None, forget: true},
		"revoked, and not ended yet":         {has: Owner, given: given(Owner), onEnd: ExpiryKeep, ending: true, set: nothing},
		"not ended yet, remove":              {has: Owner, given: given(Owner), onEnd: ExpiryRemove, ending: true, set: nothing},
		"not ended yet, strict":              {has: Owner, given: given(Owner), onEnd: ExpiryKeep, strict: true, ending: true, set: nothing},
		"not ended yet, another session":     {has: Owner, want: Member, given: given(Owner, older), ending: true, set: Member},
		"a stranger":                         {has: None, set: nothing},
		"a stranger who is owner":            {has: Owner, set: nothing},
		"strict, a stranger":                 {has: Owner, strict: true, set: None},
		"strict, without the claim":          {has: Owner, want: Member, strict: true, set: Member},
		"strict, raised by hand":             {has: Owner, want: Member, given: given(Owner, external), strict: true, set: Member},
		"strict, a moderator":                {has: Owner, want: Owner, given: given(Owner), strict: true, set: nothing},
		"strict, revoked":                    {has: Owner, given: given(Owner, revoked), onEnd: ExpiryKeep, strict: true, set: None, forget: true, remove: true},
		"strict, revoked, not ours":          {has: Owner, given: given(Owner, external, revoked), onEnd: ExpiryKeep, strict: true, set: None, forget: true, remove: true},
		"strict, expired, keep":              {has: Owner, given: given(Owner), onEnd: ExpiryKeep, strict: true, set: None, forget: true},
		"strict, expired, remove":            {has: Owner, given: given(Owner), onEnd: ExpiryRemove, strict: true, set: None, forget: true, remove: true},
		"strict, key removed":                {has: Owner, given: given(Owner, noKey), onEnd: ExpiryKeep, strict: true, set: None, forget: true},
		"strict, an admin stays":             {has: Admin, want: Member, strict: true, set: nothing},
	} {
		o := Observed{Has: row.has, Assignment: row.given}
		d := Desired{Entitled: row.want != "", Affiliation: row.want, Session: mine, Ending: row.ending, OnExpiry: row.onEnd, Strict: row.strict}
		a := Plan(o, d, now)
		if a.Set != row.set || a.Remove != row.remove || a.Forget != row.forget || (a.Record != nil && a.Record.Overridden) != row.taken {
			t.Errorf("%s: %+v", name, a)
		}
		settles(t, name, o, d, a, now)
	}
}

// settles: doing what is said leads, within a few actions, to a room in which nothing is left to do.
func settles(t *testing.T, name string, o Observed, d Desired, a Action, now time.Time) {
	t.Helper()
	for range 4 {
		if a == (Action{}) {
			return
		}
		if a.Set != "" {
			o.Has = a.Set
		}
		if a.Record != nil {
			g := *a.Record
			g.Room, g.JID = "r", "j"
			if a.Set != "" {
				g.Confirmed = true
			}
			o.Assignment = &g
		}
		if a.Forget {
			o.Assignment = nil
		}
		a = Plan(o, d, now)
	}
	t.Errorf("%s: never settles: %+v, %+v, %+v", name, o, d, a)
}
