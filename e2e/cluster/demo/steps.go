package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"usher/auth"
	"usher/e2e/client"
)

// say shows what a command printed.
func (d *demo) say(u *usher, command, printed string) {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	fmt.Fprintf(d.out, "   %s: usher %s\n     %s\n", u.name, command, strings.Join(lines, "\n     "))
}

func (d *demo) stepStatus(ctx context.Context) error {
	for _, u := range d.ushers() {
		if err := u.knows(ctx, 4); err != nil {
			return err
		}
	}
	a1 := d.east.ushers[0]
	said, err := a1.command(ctx, "cluster", "status")
	d.say(a1, "cluster status", said)
	return err
}

func (d *demo) stepLogin(ctx context.Context) error {
	token, err := d.token("alice")
	if err != nil {
		return err
	}
	jid, err := d.east.logIn(ctx, "alice", token)
	if err != nil {
		return err
	}
	began := time.Now()
	fmt.Fprintf(d.out, "   logged in at east, by a1, as %s\n", jid)
	a2, b1 := d.east.ushers[1], d.west.ushers[0]
	if err := a2.hasSession(ctx, "alice"); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   a2 knows the session; that was asked for %v later\n",
		time.Since(began).Round(time.Millisecond))
	switch list, err := b1.command(ctx, "sessions", "list"); {
	case err != nil:
		return err
	case strings.Contains(list, "alice@"):
		return errors.New("an usher of west knows it, too: " + list)
	}
	fmt.Fprintln(d.out, "   b1 does not: a session is used where it logged in")
	return nil
}

// hasSession waits until an usher knows of a login.
func (u *usher) hasSession(ctx context.Context, user string) error {
	return until(ctx, u.name+" knows of "+user, func() error {
		list, err := u.command(ctx, "sessions", "list")
		if err == nil && !strings.Contains(list, user+"@"+host) {
			err = errors.New(list)
		}
		return err
	})
}

func (d *demo) stepRevoke(ctx context.Context) error {
	token, err := d.token("mallory")
	if err != nil {
		return err
	}
	for _, s := range []*shard{d.east, d.west} {
		jid, err := s.logIn(ctx, "mallory", token)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "   logged in at %s as %s\n", s.name, jid)
	}
	b1 := d.west.ushers[0]
	began := time.Now()
	said, err := b1.command(ctx, "sessions", "revoke", "--user", "mallory")
	took := time.Since(began)
	d.say(b1, "sessions revoke --user mallory", said)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   it returned after %v\n", took.Round(time.Millisecond))
	if !strings.Contains(said, "4 of 4 nodes") {
		return errors.New("not all ushers have it")
	}
	return d.expectRevoked(ctx, d.east, "mallory", token)
}

// expectRevoked fails unless a shard refuses a token as one that was revoked.
func (d *demo) expectRevoked(ctx context.Context, s *shard, user, token string) error {
	jid, err := s.logIn(ctx, user, token)
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok || refused.Text != auth.ReasonRevoked.ClientText() {
		return fmt.Errorf("%s says %q, %v", s.name, jid, err)
	}
	fmt.Fprintf(d.out, "   %s, with the same token at %s → %s: %s\n", user, s.name, refused.Condition, refused.Text)
	return nil
}

func (d *demo) stepFailover(ctx context.Context) error {
	token, err := d.token("eve")
	if err != nil {
		return err
	}
	people := d.crowdOf(ctx, d.east, "guest")
	defer people.stop()
	if err := people.more(ctx, 20); err != nil {
		return err
	}
	d.primary.Kill()
	died := time.Now()
	if err := d.sentinel.ReplaceSoon(ctx, "usher"); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   the primary at %s is dead\n", d.primary.Address())
	b1 := d.west.ushers[0]
	said, err := b1.command(ctx, "sessions", "revoke", "--user", "eve")
	d.say(b1, "sessions revoke --user eve", said)
	if err != nil {
		return err
	}
	err = until(ctx, "a1 knows of the revocation", func() error {
		list, err := d.east.ushers[0].command(ctx, "sessions", "list", "--revoked")
		if err == nil && !strings.Contains(list, "eve") {
			err = errors.New(list)
		}
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   Sentinel made %s the primary; a1 has the revocation %v after the old one's death\n",
		d.replica.Address(), time.Since(died).Round(100*time.Millisecond))
	if err := d.expectRevoked(ctx, d.east, "eve", token); err != nil {
		return err
	}
	let, failed := people.stop()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("of %d logins some failed: %w", len(let)+len(failed), err)
	}
	fmt.Fprintf(d.out, "   %d logins at east meanwhile, none failed\n", len(let))
	return nil
}

func (d *demo) stepKill(ctx context.Context) error {
	a1, a2 := d.east.ushers[0], d.east.ushers[1]
	people := d.crowdOf(ctx, d.east, "visitor")
	defer people.stop()
	if err := people.more(ctx, 20); err != nil {
		return err
	}
	a1.kill()
	fmt.Fprintln(d.out, "   a1 was killed: its Prosody asks a2")
	if err := people.more(ctx, 20); err != nil {
		return err
	}
	if err := a1.start(ctx); err != nil {
		return err
	}
	if err := a1.knows(ctx, 4); err != nil {
		return err
	}
	let, failed := people.stop()
	fmt.Fprintf(d.out, "   %d logins, and %d that failed with the connection to a1\n", len(let), len(failed))
	if len(failed) > 0 {
		fmt.Fprintf(d.out, "     %v\n", failed[0])
	}
	const most = 6 // logins at the same time, and one that Prosody begins on the dead connection
	if len(failed) > most {
		return fmt.Errorf("that are too many: %w", errors.Join(failed...))
	}
	for _, u := range []*usher{a1, a2} {
		if err := u.hasAll(ctx, let); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.out, "   a1 is back; both know all who were let in")
	said, err := a1.command(ctx, "cluster", "status")
	d.say(a1, "cluster status", said)
	return err
}

// hasAll waits until an usher knows of all logins.
func (u *usher) hasAll(ctx context.Context, users []string) error {
	return until(ctx, u.name+" knows of all", func() error {
		list, err := u.command(ctx, "sessions", "list")
		if err != nil {
			return err
		}
		for _, user := range users {
			if !strings.Contains(list, user+"@"+host) {
				return errors.New(user + " is not there")
			}
		}
		return nil
	})
}

func (d *demo) stepMetrics(ctx context.Context) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.east.ushers[0].path("metrics.sock"))
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://usher/metrics", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "usher_cluster_") {
			fmt.Fprint(d.out, "   "+line)
		}
	}
	if !strings.Contains(string(text), "usher_cluster_nodes 4\n") {
		return errors.New("a1 does not count four ushers")
	}
	return nil
}
