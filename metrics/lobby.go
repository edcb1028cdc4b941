package metrics

// A Module is one of Prosody's that ask usher about rooms.
type Module uint8

// The values of the label module.
const (
	ModuleJoins Module = iota + 1
	ModuleBegins
)

// Modules is the closed list.
func Modules() []Module { return all(ModuleBegins) }

// String returns the label's value.
func (m Module) String() string {
	return word(m, []string{ModuleJoins: "muc_http_auth", ModuleBegins: "muc_http_defaults"})
}

// A LobbyMessage is a kind of message to people.
type LobbyMessage uint8

// The values of the label kind.
const (
	LobbyInvitation LobbyMessage = iota + 1 // of somebody who was admitted
	LobbyKnock                              // for moderators
)

// LobbyMessages is the closed list.
func LobbyMessages() []LobbyMessage { return all(LobbyKnock) }

// String returns the label's value.
func (l LobbyMessage) String() string {
	return word(l, []string{LobbyInvitation: "invitation", LobbyKnock: "knock"})
}

// A LobbyLoss is why a message to people was not sent.
type LobbyLoss uint8

// The label reason of [LobbyLost].
const (
	LostFull   LobbyLoss = iota + 1 // too many waited to be sent
	LostLate                        // the room could not be changed in time
	LostFailed                      // Prosody could not be reached
)

// LobbyLosses is the closed list.
func LobbyLosses() []LobbyLoss { return all(LostFailed) }

// String returns the label's value.
func (l LobbyLoss) String() string {
	return word(l, []string{LostFull: "full", LostLate: "late", LostFailed: "failed"})
}
