package dashboard

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// ways are how many ways there are in which people come.
const ways = 10

// load has people come for a while, and in each way twice at least however long that takes: by several doors, with good
// and bad tokens, to rooms that they may join and others.
func load(t *testing.T, w *world.World, during time.Duration) {
	t.Helper()
	w.Moderator(t, "host", "board-1").JoinsAs(world.Room("board-1"), "moderator/owner")
	var lobby []*client.Session // who wait there, in turn
	defer func() {
		for _, s := range lobby {
			_ = s.Close()
		}
	}()
	begun := time.Now()
	for i := 0; i < 2*ways || time.Since(begun) < during; i++ {
		account := fmt.Sprintf("user%d", i%40)
		var err error
		switch i % ways {
		case 0:
			err = join(t, w, client.Plain(account, world.Token(t, account, "*", tokens.Moderator())), "standup")
		case 1, 2:
			err = join(t, w, client.Plain(account, world.Token(t, account, "*", nil)), fmt.Sprintf("room-%d", i%7))
		case 3:
			err = refused(join(t, w, client.Plain(account, world.Token(t, account, "another", nil)), "standup"))
		case 4:
			err = refused(join(t, w, client.Plain(account, world.Token(t, account, "*", map[string]any{"exp": 1})), ""))
		case 5:
			err = refused(join(t, w, client.Plain(account, world.Token(t, "somebody", "*", nil)), ""))
		case 6:
			err = refused(join(t, w, client.Plain(account, "no token"), ""))
		case 7:
			err = ticket(t, w, account)
		case 8:
			lobby, err = knock(t, w, lobby)
		default:
			err = link(t, w, account)
		}
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		wave := 1 + math.Sin(8*math.Pi*float64(time.Since(begun))/float64(during))
		time.Sleep(time.Duration(20+60*wave) * time.Millisecond)
	}
}

// join logs in, joins a room if one is named, and leaves.
func join(t *testing.T, w *world.World, l client.Login, room string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := client.Dial(ctx, l.At(w.Prosody.C2S(), world.Meet))
	if err != nil || room == "" {
		return err
	}
	defer s.Close()
	_, err = s.Join(ctx, world.Room(room), "someone"+s.JID()[len(s.JID())-6:])
	return err
}

// refused wants an answer that is a refusal.
func refused(err error) error {
	if _, login := errors.AsType[*client.Refused](err); login {
		return nil
	}
	if _, room := errors.AsType[*client.StanzaError](err); room {
		return nil
	}
	return fmt.Errorf("%w instead of a refusal", err)
}

// link follows one of Jitsi's, through the gateway.
func link(t *testing.T, w *world.World, account string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	query := url.Values{"room": {"standup"}, "token": {world.Token(t, account, "standup", nil)}}
	header := http.Header{"Host": {world.Meet}, "Origin": {"https://" + world.Meet}, "X-Forwarded-Proto": {"https"}}
	l := client.Login{Mechanism: "ANONYMOUS",
		Via: client.WebSocket("ws://"+w.Usher.Gateway+"/xmpp-websocket?"+query.Encode(), header)}
	s, err := client.Dial(ctx, l.At("", world.Meet))
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Join(ctx, world.Room("standup"), "link"+s.JID()[len(s.JID())-6:])
	return err
}

// knock adds somebody to those who wait in the lobby, and has the first of several go.
func knock(t *testing.T, w *world.World, lobby []*client.Session) ([]*client.Session, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := client.Dial(ctx, client.Anonymous("").At(w.Prosody.C2S(), world.Guests))
	if err != nil {
		return lobby, err
	}
	_, err = s.Join(ctx, world.Room("board-1"), "guest"+s.JID()[:6])
	if lobby = append(lobby, s); len(lobby) > 4 {
		_ = lobby[0].Close()
		lobby = lobby[1:]
	}
	return lobby, refused(err)
}

// ticket turns a token into a short password, and logs in with it.
func ticket(t *testing.T, w *world.World, account string) error {
	made := w.Usher.Ticket(t, world.Meet, world.Token(t, account, "*", nil))
	return join(t, w, client.Plain(account, made), "")
}
