package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/admin"
	"usher/internal/console/layout"
	"usher/internal/text"
)

// revokePages revoke.
type revokePages struct{ *desk }

// A target is whose tokens are meant: by an account, a user or a token's thumbprint.
type target struct{ By, Of, Host, Issuer string }

func targetOf(q url.Values) target {
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	t := target{get("by"), get("of"), get("host"), get("issuer")}
	if t.By != "user" && t.By != "token" {
		t.By = "account"
	}
	return t
}

// query is what the API is asked with.
func (t target) query() url.Values {
	q := url.Values{t.By: {t.Of}}
	if t.By == "user" {
		q.Set("host", t.Host)
		q.Set("issuer", t.Issuer)
	}
	return q
}

// A revoking is a revocation before it is made.
type revoking struct {
	Target  target
	Answer  *admin.RevokeAnswer // nil: nobody is named yet
	Problem string
}

func (p revokePages) revokePreview(w http.ResponseWriter, r *http.Request) error {
	v := revoking{Target: targetOf(r.URL.Query())}
	status := http.StatusOK
	if v.Target.Of != "" {
		v.Answer = &admin.RevokeAnswer{}
		if err := p.get(r, address("/sessions/revoke", v.Target.query()), v.Answer); err != nil {
			return err
		}
		if v.Problem = v.problem(); v.Problem != "" {
			status, v.Answer = http.StatusUnprocessableEntity, nil
		}
	}
	p.showRevoking(w, r, status, v)
	return nil
}

func (v revoking) problem() string {
	if v.Answer.Unknown {
		return "There is no session of this account, so its tokens are not known. Name the user by the ID that the " +
			"tokens have, or a token by its thumbprint."
	}
	return v.Answer.Problem
}

func (p revokePages) showRevoking(w http.ResponseWriter, r *http.Request, status int, v revoking) {
	p.show(w, r, status, "revoke", layout.View{Title: "Revoke", Path: "/sessions", Content: v})
}

func (p revokePages) revoke(w http.ResponseWriter, r *http.Request) error {
	v := revoking{Target: targetOf(r.PostForm), Answer: &admin.RevokeAnswer{}}
	q := v.Target.query()
	if r.PostForm.Get("all") == "true" {
		q.Set("all", "true")
	}
	if err := p.post(r, address("/sessions/revoke", q), nil, v.Answer); err != nil {
		return err
	}
	a := v.Answer
	if a.Shared {
		v.Problem = "Nothing was done: the token is more than one person's. Say that all of them are meant."
		p.showRevoking(w, r, http.StatusUnprocessableEntity, v)
		return nil
	}
	if v.Problem = v.problem(); a.At.IsZero() {
		v.Answer = nil
		p.showRevoking(w, r, http.StatusUnprocessableEntity, v)
		return nil
	}
	return p.done(w, r, "/sessions", revokedNotice(a))
}

// revokedNotice says what a revocation did.
func revokedNotice(a *admin.RevokeAnswer) layout.Notice {
	n := layout.Notice{Text: "Revoked. No session ends: there was none.", Bad: a.Problem != ""}
	if a.Sessions > 0 {
		n.Text = "Revoked. " + ends(a.Sessions) + ": " + strings.Join(text.First(a.Accounts, 10), ", ")
	}
	for _, user := range text.First(a.Users, 10) {
		n.Lines = append(n.Lines, "Tokens of "+user+" that were issued up to now are dead.")
	}
	for _, room := range text.First(a.Rooms, 10) {
		n.Lines = append(n.Lines, "Leaves "+room)
	}
	if len(a.Rooms) > 0 && !a.Component {
		n.Lines = append(n.Lines, "There is no component, so nobody is removed from a room.")
	}
	if a.Problem != "" {
		n.Lines = append(n.Lines, a.Problem)
	}
	n.Lines = append(n.Lines, reached(a.Cluster)...)
	return n
}

func ends(sessions int) string {
	if sessions == 1 {
		return "1 session ends"
	}
	return fmt.Sprintf("%d sessions end", sessions)
}

// reached says which other ushers have a change.
func reached(c *admin.Reach) []string {
	if c == nil {
		return nil
	}
	lines := []string{"The cluster: " + c.Text}
	if c.Problem != "" {
		lines = append(lines, c.Problem)
	}
	return lines
}
