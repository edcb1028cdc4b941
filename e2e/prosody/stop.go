package prosody

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"
)

// rest is how long Stop waits for Prosody to have nothing to do.
const rest = 2 * time.Second

func (c Config) grace() time.Duration { return cmp.Or(c.Grace, time.Minute) }

// Stop ends Prosody with SIGTERM, after its Grace with SIGKILL, and returns when it is gone. Stopping what has
// stopped is fine. The error says that Prosody had to be killed.
//
// The signal comes when Prosody waits for events. Prosody 0.12 does what a signal asks for between any two instructions
// of Lua (util.signal): in the middle of forgetting a client that is just leaving the shutdown meets half a session and
// fails, and no later signal is heard. Prosody 13 reads signals as it reads clients.
func (s *Server) Stop() error {
	for end := time.Now().Add(rest); !s.waits() && time.Now().Before(end); {
		select {
		case <-s.proc.Done():
		case <-time.After(time.Millisecond):
		}
	}
	return s.proc.Stop(s.config.grace())
}

// waits tells whether the process waits for events, or has ended, or cannot be looked at.
func (s *Server) waits() bool {
	select {
	case <-s.proc.Done():
		return true
	default:
	}
	place, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", s.proc.PID()))
	if err != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.proc.PID()))
	return err != nil || rests(string(place), string(stat))
}

// rests tells whether a process waits for events, by where Linux says that it sleeps. That is 0 for one that runs, and
// for every one where the kernel keeps it to itself: there it has to do that the process sleeps.
func rests(place, stat string) bool {
	_, state, _ := strings.Cut(stat, ") ")
	return strings.Contains(place, "ep_poll") || strings.Contains(place, "epoll") ||
		place == "0" && strings.HasPrefix(state, "S")
}
