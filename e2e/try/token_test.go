package try

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestToken: a token that was given is judged, and used if it is good; one that is good stays so.
func TestToken(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{})
	now := time.Now().Unix()
	decoded, err := base64.StdEncoding.DecodeString(authtest.Secret + strings.Repeat("=", (4-len(authtest.Secret)%4)%4))
	if err != nil {
		decoded = []byte(strings.Repeat("another secret ", 4))
	}
	saying := func(claim string, v any) string { return world.Token(t, "alice", "board", map[string]any{claim: v}) }
	for _, row := range []struct{ name, token, seen, mend string }{
		{"expired", saying("exp", now-3600), "expired", "clocks"},
		{"not yet", saying("nbf", now+3600), "not_yet_valid", "clocks"},
		{"another issuer", saying("iss", "my-app/"), "a slash at the end", "add it under issuers"},
		{"base64", authtest.TokenBy(t, string(decoded), authtest.Claims(world.Meet, nil)),
			"bad_signature", "set secret_encoding: base64"},
		{"no token", "a password", "malformed", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := try(t, w, "--c2s", w.Prosody.C2S(), "--token", file(t, row.token+"\n"))
			r.stopsAt(t, "token", row.seen, row.mend)
		})
	}
	token := tokens.Sign(t, world.Meet, tokens.Claims("alice", "board", tokens.Moderator()))
	for range 2 { // the first leaves the token good
		r := try(t, w, "--c2s", w.Prosody.C2S(), "--token", file(t, token))
		r.isWell(t)
		if r.Room != world.Room("board") {
			t.Errorf("the room was %s", r.Room)
		}
	}
	r := try(t, w, "--c2s", w.Prosody.C2S(), "--token", file(t, token), "--room", "garden")
	r.stopsAt(t, "token", "garden", "")
}

func file(t testing.TB, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token.txt")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDaemonAway: without the daemon it says so, and what can be tried without it is. If only the daemon cannot be
// asked, the exit code says that.
func TestDaemonAway(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: gateway})
	if err := os.Remove(w.Usher.Path("admin.sock")); err != nil {
		t.Fatal(err)
	}
	r := try(t, w, "--url", "ws://"+w.Usher.Gateway)
	if r.code != 3 || !r.Unreachable || r.hop("role").State != "passed" || r.hop("join asked").State != "not reached" {
		t.Errorf("exit code %d, %+v", r.code, r.Hops)
	}
	w.Usher.Kill()
	r = try(t, w, "--url", "ws://"+w.Usher.Gateway)
	if d := r.hop("daemon"); d.State != "failed" || !strings.Contains(d.Mend, "systemctl start usher") {
		t.Errorf("%+v", d)
	}
	if c := r.hop("connection"); c.State != "failed" || r.code != 1 {
		t.Errorf("exit code %d, %+v", r.code, c)
	}
}

// TestRevoked: what the daemon alone knows is said as the daemon's word.
func TestRevoked(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: gateway})
	token := tokens.Sign(t, world.Meet, tokens.Claims("alice", "board", nil))
	w.EnterWith(t, "alice", token)
	w.Usher.Run(t, "sessions", "revoke", "alice@"+world.Meet)
	for door, args := range map[string][]string{
		"gateway": {"--url", "ws://" + w.Usher.Gateway}, "dovecot": {"--c2s", w.Prosody.C2S()},
	} {
		r := try(t, w, append(args, "--token", file(t, token))...)
		r.stopsAt(t, "login", "usher refused it at the door "+door+": revoked", "usher sessions allow")
	}
}

// TestRandom: where tokens name no account it is drawn, and nobody is in the way of anybody.
func TestRandom(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: gateway, Host: "    tokens: {account: []}\n"})
	for _, args := range [][]string{{"--url", "ws://" + w.Usher.Gateway}, {"--c2s", w.Prosody.C2S()}} {
		r := try(t, w, args...)
		r.isWell(t)
	}
}

// TestHeldBack: usher lets somebody into a room, and the room does not.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{})
	owner := w.Moderator(t, "owner", "board")
	owner.JoinsAs(world.Room("board"), "moderator/owner")
	if err := owner.MembersOnly(world.Within(t), world.Room("board"), true); err != nil {
		t.Fatal(err)
	}
	owner.Sets(world.Room("board"), w.Participant(t, "alice", "board"), "outcast")
	token := file(t, tokens.Sign(t, world.Meet, tokens.Claims("alice", "board", nil)))
	r := try(t, w, "--c2s", w.Prosody.C2S(), "--token", token)
	r.stopsAt(t, "join", "usher let it into "+world.Room("board")+", and the room did not", "the room's own settings")
}
