package console

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
	"usher/lobby"
)

// Names as people have them, and the longest that fit.
const (
	german  = "jürgen.grünwälder-özdemir"
	russian = "александра.владимировна"
	arabic  = "ليلى"
	board   = "vorstand-bürgerbüro"
)

var (
	long      = strings.Repeat("langername", 20)
	roomOfEnd = "اجتماع-الصباح" // from right to left
)

// A crowd is who is there when an operator looks.
type crowd struct {
	alice  *world.Person // moderator of the rooms
	guests map[string]*world.Person
}

// gather lets people of many names log in, join, wait, and be refused.
func (d *desk) gather(t *testing.T) crowd {
	t.Helper()
	c := crowd{alice: d.Moderator(t, "alice", "*"), guests: map[string]*world.Person{}}
	for _, room := range []string{board, roomOfEnd, "standup"} {
		c.alice.JoinsAs(world.Room(room), "moderator/owner")
	}
	for _, account := range append([]string{german, russian, arabic}, numbered("user", 12)...) {
		d.Participant(t, account, "*")
	}
	d.Participant(t, german, "*").Joins(world.Room(board))
	for nick, room := range map[string]string{
		"Jürgen Weiß": board, "Владимир Владимирович": board, "ليلى": roomOfEnd,
		"Bob": "standup"} {
		guest := d.Guest(t)
		d.knock(t, guest, room, nick)
		c.guests[nick] = guest
	}
	d.refuse(t, 30)
	d.Usher.Run(t, "lobby", "allow", "--room", "board-*", "--ttl", "8h", "--note", "Prüfung des Jahresabschlusses", "--",
		german+"@"+world.Meet)
	d.Usher.Run(t, "lobby", "allow", "--note", "переводчик", "--", russian+"@"+world.Meet)
	d.Usher.Run(t, "lobby", "allow", "--room", roomOfEnd, "--note", "ضيف", "--", arabic+"@"+world.Meet)
	return c
}

// extremes adds people whose names are as long as names can be.
func (d *desk) extremes(t *testing.T) {
	t.Helper()
	d.Participant(t, long, "*")
	d.knock(t, d.Guest(t), "standup", strings.Repeat("Langer Name ", 16))
	d.Usher.Run(t, "lobby", "allow", "--note", strings.Repeat("because ", 20), "--", long+"@"+world.Meet)
}

func numbered(name string, n int) (list []string) {
	for i := range n {
		list = append(list, name+strconv.Itoa(i))
	}
	return list
}

// knock has a guest wait in the lobby of a room.
func (d *desk) knock(t *testing.T, guest *world.Person, room, nick string) {
	t.Helper()
	_, err := guest.Join(world.Within(t), world.Room(room), nick)
	if err == nil || !strings.Contains(err.Error(), "registration-required") {
		t.Fatalf("%s does not wait in %s: %v", nick, room, err)
	}
}

// knocks are who waits.
func (d *desk) knocks(t *testing.T) []lobby.Knock {
	t.Helper()
	var list []lobby.Knock
	if err := json.Unmarshal([]byte(d.Usher.Run(t, "lobby", "knocks", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// refuse asks n times with tokens that are no good, for one reason after the other.
func (d *desk) refuse(t *testing.T, n int) {
	t.Helper()
	claims := func(more map[string]any) map[string]any { return tokens.Claims(german, "*", more) }
	bad := []string{
		tokens.Sign(t, world.Meet, claims(map[string]any{"exp": 1})),
		tokens.Sign(t, world.Meet, claims(map[string]any{"aud": "else"})),
		tokens.Sign(t, world.Meet, claims(map[string]any{"iss": "somebody-else"})),
		tokens.Sign(t, world.Meet, tokens.Claims(long, "*", map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		authtest.TokenBy(t, strings.Repeat("0123456789abcdef", 4), authtest.Claims(world.Meet, tokens.Called(russian))),
	}
	for i := range n {
		d.Usher.AskTicket(t, world.Meet, bad[i%len(bad)])
	}
}
