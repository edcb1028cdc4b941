package metrics

// A StateOperation is what was to be written when the state could not be.
type StateOperation uint8

// What is written: the label operation of [StateErrors].
const (
	StatePutGrant    StateOperation = iota + 1 // a session
	StatePutGiven                              // an affiliation before it is given
	StateDeleteGiven                           // one that was taken away
	StatePutRoom                               // a room's lobby
	StateCreateRoom                            // who created a room
	StateRevoke                                // a revocation
	StateAllow                                 // the end of one
	StateUpdate                                // what ended, later
	StateLobby                                 // the whitelist
	StateStreams                               // which streams can be resumed
	StateOccupants                             // whom the gateway saw in rooms
)

// StateOperations is the closed list.
func StateOperations() []StateOperation { return all(StateOccupants) }

// String returns the label's value.
func (s StateOperation) String() string {
	return word(s, []string{StatePutGrant: "put_grant", StatePutGiven: "put_given", StateDeleteGiven: "delete_given",
		StatePutRoom: "put_room", StateCreateRoom: "create_room", StateRevoke: "revoke", StateAllow: "allow",
		StateUpdate: "update", StateLobby: "lobby",
		StateStreams: "streams", StateOccupants: "occupants"})
}
