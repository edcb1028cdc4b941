package lobby

// A Standing is what the lists say of an account at a room.
type Standing int

// The standings, from the weakest.
const (
	Unlisted Standing = iota
	Denied
	ListedDomain // every account of its domain passes
	ListedJID    // it passes
	Admitted     // it knocked, and was let in
)

// Passes reports whether the standing opens the door.
func (s Standing) Passes() bool { return s >= ListedDomain }
