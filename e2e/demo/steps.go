package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/metrics"
)

func stepLogin(ctx context.Context, d *demoWorld) error {
	token, err := d.command(ctx, "token", "mint", "--config", d.path("usher.yaml"), "--user", "alice", "--room",
		"standup")
	if err != nil {
		return fmt.Errorf("usher token mint: %w: %s", err, token)
	}
	token = strings.TrimSpace(token)
	fmt.Fprintf(d.out, "   usher token mint --user alice --room standup gives a token of %d bytes\n", len(token))
	return d.expectLogin(ctx, client.Plain("alice", token), "alice")
}

func stepRefusals(ctx context.Context, d *demoWorld) error {
	good := d.secrets["first.secret"]
	for _, r := range []struct {
		what, secret, user string
		life               time.Duration
		reason             auth.Reason
	}{
		{"an expired token", good, "alice", -time.Hour, auth.ReasonExpired},
		{"a wrong signature", strings.Repeat("x1", 20), "alice", time.Hour, auth.ReasonBadSignature},
		{"somebody else's name", good, "bob", time.Hour, auth.ReasonAccountMismatch},
	} {
		token, err := token(r.secret, r.user, r.life)
		if err != nil {
			return err
		}
		if err := d.expectRefusal(ctx, r.what, client.Plain("alice", token), r.reason); err != nil {
			return err
		}
	}
	return nil
}

func stepBearer(ctx context.Context, d *demoWorld) error {
	token, err := token(d.secrets["first.secret"], "alice", time.Hour)
	if err != nil {
		return err
	}
	return d.expectLogin(ctx, client.Bearer(token), "alice")
}

// stepRotate takes the new secret in beside the old one, then the old one
// out, while logins go on.
func stepRotate(ctx context.Context, d *demoWorld) error {
	old, err := token(d.secrets["first.secret"], "alice", time.Hour)
	if err != nil {
		return err
	}
	fresh, err := token(d.secrets["second.secret"], "alice", time.Hour)
	if err != nil {
		return err
	}
	err = duringStorm(ctx, d, d.secrets["first.secret"], func() error {
		return reconfigure(ctx, d, "first.secret", "second.secret")
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "   now both secrets are good:")
	for _, token := range []string{old, fresh} {
		if err := d.expectLogin(ctx, client.Plain("alice", token), "alice"); err != nil {
			return err
		}
	}
	err = duringStorm(ctx, d, d.secrets["second.secret"], func() error { return reconfigure(ctx, d, "second.secret") })
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "   now the old one is dead:")
	if err := d.expectRefusal(ctx, "the old secret", client.Plain("alice", old), auth.ReasonBadSignature); err != nil {
		return err
	}
	return d.expectLogin(ctx, client.Plain("alice", fresh), "alice")
}

func reconfigure(ctx context.Context, d *demoWorld, secrets ...string) error {
	if err := d.configure(secrets...); err != nil {
		return err
	}
	said, err := d.command(ctx, "reload", "--config", d.path("usher.yaml"))
	fmt.Fprintf(d.out, "   secret_files: [%s]; usher reload says: %s\n", strings.Join(secrets, ", "),
		strings.Join(strings.Fields(said), " "))
	if err != nil {
		return fmt.Errorf("usher reload: %w", err)
	}
	return nil
}

func stepExplain(ctx context.Context, d *demoWorld) error {
	token, err := token(d.secrets["second.secret"], "alice", -time.Hour)
	if err != nil {
		return err
	}
	said, err := d.command(ctx, "token", "explain", "--config", d.path("usher.yaml"), token)
	fmt.Fprintln(d.out, "   "+strings.ReplaceAll(strings.TrimSpace(said), "\n", "\n   "))
	if err == nil || !strings.Contains(said, "refused: "+string(auth.ReasonExpired)) {
		return errors.New("usher token explain did not tell that the token has expired")
	}
	return nil
}

func stepMetrics(ctx context.Context, d *demoWorld) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.metrics+"/metrics", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "usher_") && !strings.Contains(line, "_bucket") && !strings.HasSuffix(line, " 0\n") {
			fmt.Fprint(d.out, "   "+line)
		}
	}
	return expectCounted(string(text))
}

// expectCounted wants every refusal of the tour in the counters, once.
func expectCounted(text string) error {
	for reason, n := range map[auth.Reason]int{
		// a forged token, and the old secret's
		auth.ReasonExpired: 1, auth.ReasonAccountMismatch: 1, auth.ReasonBadSignature: 2,
	} {
		want := fmt.Sprintf("%s{door=\"dovecot\",host=%q,issuer=\"my-app\",reason=%q,result=\"denied\"} %d\n",
			metrics.AuthRequests, demoHost, reason, n)
		if !strings.Contains(text, want) {
			return fmt.Errorf("the counters lack %s", want)
		}
	}
	if !strings.Contains(text, `reason="ok",result="allowed"`) {
		return errors.New("the counters lack the logins that were allowed")
	}
	return nil
}
