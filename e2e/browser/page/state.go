package page

import (
	"encoding/json"
	"net/http"
)

// State is window.meet: what the page sees.
type State struct {
	Room      string // as in the JID
	RoomJID   string
	Transport string // websocket or bosh
	Domain    string // the XMPP host
	Token     bool   // whether the link has one

	// Status is connecting, joining, joined, reconnecting, refused, removed from the room, or lost: lib-jitsi-meet does
	// not reconnect where it cannot resume. Of lib-jitsi-meet it is also waiting, in the lobby.
	Status string
	JID    string // own full JID
	Nick   string

	Joins     int  // how often it has asked to join
	First     Rank // of the first self-presence after joining
	Now       Rank
	Changes   []Rank // after the first one
	Occupants map[string]Occupant
	Left      []string // who has left, as lib-jitsi-meet tells
	Messages  []Message
	Notices   []Message // what others than people in the room have written to this person alone; From is a full JID, of Jitsi's a name
	Moderator bool      // what lib-jitsi-meet's isModerator says; only under /jitsi/
	Mended    bool      // it is that of December 2021, which tells no texts of refused joins

	// Waiting are who wait in the lobby, by their ids, as lib-jitsi-meet tells a moderator.
	Waiting map[string]string

	Error    *Problem // the last one; nil once connected
	Connects int      // how many logins have succeeded
	Resumed  *bool    // whether the last reconnection resumed the session; nil before there was one
	Previd   string   // what was sent as ?previd= by the last connection
}

// Rank is what an occupant is in a room. It is empty before the room has said it. lib-jitsi-meet
// tells no affiliation, and its own role is "none" in its eyes unless it is an owner.
type Rank struct{ Role, Affiliation string }

// Occupant is one in the room.
type Occupant struct {
	Rank
	JID string // empty where the room hides it
	Own bool   // the page itself
}

// Message is one to the room.
type Message struct{ From, Text string }

// Problem is what a refusal says. Where is login, room or connection. lib-jitsi-meet has conditions
// of its own, and keeps the text of a refused login to itself.
type Problem struct{ Where, Condition, Text string }

// maxReport is far more than the state of a page that is watched for a while.
const maxReport = 1 << 20

func take(report func(State)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var s State
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReport)).Decode(&s); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		report(s)
		w.WriteHeader(http.StatusNoContent)
	}
}
