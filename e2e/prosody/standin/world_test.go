package standin_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"usher/auth/keys"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/prosody/standin"
	"usher/internal/prosodyconf"
)

const (
	meet       = "meet.example.com"
	guests     = "guest.meet.example.com"
	conference = "conference.meet.example.com"
	lobby      = "lobby.meet.example.com"
	services   = "auth.meet.example.com"
	secret     = "0123456789abcdef0123456789abcdef"
)

// jitsi is a Prosody with the stand-ins of Jitsi's modules and nobody before it.
type jitsi struct {
	*prosody.Server
	t testing.TB
}

// start has these lines for the host of the tokens and for the rooms.
func start(t testing.TB, v prosody.Version, host, muc string) *jitsi {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "modules")
	if err := standin.Write(dir); err != nil {
		t.Fatal(err)
	}
	extra := "plugin_paths = { " + prosodyconf.Quote(dir) + " }\nconsider_websocket_secure = true\n" +
		"muc_mapper_domain_base = \"" + meet + "\"\n"
	focus := "admins = { \"focus@" + services + "\" }\n"
	return &jitsi{t: t, Server: prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info", Extra: extra,
		Modules: []string{"websocket", "smacks"}, Hosts: []prosody.Host{
			{Name: meet, Lines: "authentication = \"token\"\napp_id = \"my-app\"\n" + host},
			{Name: guests, Lines: "authentication = \"anonymous\"\n"},
			{Name: services, Lines: "authentication = \"internal_plain\"\n",
				Accounts: map[string]string{"focus": "secret"}},
			{Name: conference, Component: "muc", Lines: "muc_room_locking = false\nrestrict_room_creation = true\n" +
				"component_admins_as_room_owners = true\n" + focus + muc},
			{Name: lobby, Component: "muc", Lines: "muc_room_locking = false\nrestrict_room_creation = true\n"},
		}})}
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// via is how a client with this query reaches Prosody.
func (j *jitsi) via(query url.Values) func(context.Context) (net.Conn, error) {
	return client.WebSocket("ws://"+j.HTTP()+"/xmpp-websocket?"+query.Encode(), nil)
}

func (j *jitsi) dial(host, token string) (*client.Session, error) {
	query := url.Values{"room": {"one"}}
	if token != "" {
		query.Set("token", token)
	}
	s, err := client.Dial(within(j.t), client.Login{Mechanism: "ANONYMOUS", Host: host, Via: j.via(query)})
	if err == nil {
		j.t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func (j *jitsi) login(host, token string) *client.Session {
	j.t.Helper()
	s, err := j.dial(host, token)
	if err != nil {
		j.t.Fatalf("%v\n%s", err, j.Log())
	}
	return s
}

// focus is in a room, which is there by that.
func (j *jitsi) focus(room string) *client.Session {
	j.t.Helper()
	s, err := client.Dial(within(j.t), client.Plain("focus", "secret").At(j.C2S(), services))
	if err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Join(within(j.t), room+"@"+conference, "focus"); err != nil {
		j.t.Fatal(err)
	}
	return s
}

// claims are good, but for the changes; nil takes one away.
func claims(more map[string]any) map[string]any {
	c := map[string]any{"iss": "my-app", "aud": "my-app", "sub": meet, "room": "*",
		"exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(c, more)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, key keys.SigningKey, header string, c map[string]any) string {
	t.Helper()
	payload, err := marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Compact(key, []byte(header), payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func hs256(t testing.TB) keys.SigningKey {
	t.Helper()
	key, err := keys.SecretSigningKey([]byte(secret), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func token(t testing.TB, more map[string]any) string {
	return sign(t, hs256(t), `{"alg":"HS256","typ":"JWT"}`, claims(more))
}

func secretLine() string { return fmt.Sprintf("app_secret = %q\n", secret) }
