package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/ejabberd"
)

// stepTicket has a ticket made and uses it up, as a password and as the trace of ANONYMOUS.
func stepTicket(ctx context.Context, d *demoWorld) error {
	for _, login := range []func(ticket string) client.Login{
		func(ticket string) client.Login { return client.Plain("alice", ticket) }, client.Anonymous,
	} {
		ticket, err := newTicket(ctx, d)
		if err != nil {
			return err
		}
		if err := d.expectLogin(ctx, login(ticket), "alice"); err != nil {
			return err
		}
		if err := d.expectRefusal(ctx, "the same ticket again", login(ticket), auth.ReasonUnknownTicket); err != nil {
			return err
		}
	}
	return nil
}

func newTicket(ctx context.Context, d *demoWorld) (string, error) {
	token, err := token(d.secrets["second.secret"], "alice", time.Hour)
	if err != nil {
		return "", err
	}
	url := "http://" + d.http + "/auth/ticket?host=" + demoHost + "&key=" + d.secrets["http.secret"]
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ JID, Ticket string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Ticket == "" {
		return "", fmt.Errorf("no ticket: %s, %w", response.Status, err)
	}
	fmt.Fprintf(d.out, "   POST /auth/ticket turns a token of %d bytes into a password of %d bytes for %s\n",
		len(token), len(answer.Ticket), answer.JID)
	return answer.Ticket, nil
}

// stepEjabberd starts an ejabberd that starts usher extauth.
func stepEjabberd(ctx context.Context, d *demoWorld) (err error) {
	program := d.self + " extauth --protocol ejabberd --socket " + d.path("extauth.sock")
	server, err := ejabberd.Start(ctx, ejabberd.Config{Dir: d.path("ejabberd"), Host: demoHost, Program: program})
	if errors.Is(err, ejabberd.ErrMissing) {
		d.leaveOut("ejabberd", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	for _, row := range []struct {
		name string
		in   bool
	}{{"alice", true}, {"bob", false}} {
		token, err := token(d.secrets["second.secret"], "alice", time.Hour)
		if err != nil {
			return err
		}
		session, err := client.Dial(ctx, client.Plain(row.name, token).At(server.C2S(), demoHost))
		if err != nil {
			fmt.Fprintf(d.out, "   %s with the token of alice → %v\n", row.name, err)
		} else {
			fmt.Fprintf(d.out, "   %s with the token of alice → logged in as %s\n", row.name, session.JID())
			in := strings.HasPrefix(session.JID(), "alice@")
			if session.Close(); !in {
				return fmt.Errorf("got the JID %q", session.JID())
			}
		}
		if (err == nil) != row.in {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return nil
}
