package component

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
)

// hintConnection says what to put into Prosody when it does not take the
// component.
func hintConnection(c Config, err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		switch r.condition {
		case "not-authorized":
			return fmt.Sprintf("component_secret under Component %q in Prosody's configuration "+
				"is not what is in component.secret_file, or Prosody cannot read that file; then Prosody's user has "+
				"to be in the group of the file, and Prosody to be restarted", c.JID)
		case "host-unknown":
			return fmt.Sprintf("put into Prosody's configuration: Component %q, and below it component_secret "+
				"with the content of component.secret_file", c.JID)
		case "conflict":
			return "another program is connected as this component, or another usher: each usher needs a component " +
				"of its own, unless this one is to take over when the other ends"
		}
		return "see Prosody's log"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok && !errors.Is(err, io.EOF) {
		return "see that Prosody runs, and that component_ports and component_interfaces in its global section have " +
			c.Address
	}
	return "see Prosody's log; if it has just been started again, wait for some seconds"
}

// plainly is an error in an operator's words.
func plainly(err error) string {
	if of, ok := errors.AsType[*xml.SyntaxError](err); ok && of.Msg == "unexpected EOF" {
		return "Prosody has closed the connection"
	}
	return err.Error()
}

// isTaken reports whether Prosody has another connection for the component's JID.
func isTaken(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.condition == "conflict"
}

// hintRights says what to put into Prosody when its rooms refuse the component.
// Prosody 13 wants the second line, 0.12 accepts it.
func hintRights(jid string) string {
	return fmt.Sprintf("put below each Component with \"muc\": admins = { %q } and component_admins_as_room_owners = true",
		jid)
}
