package httpauth

import (
	"errors"
	"net/http"

	"usher/auth"
	"usher/internal/httpd"
)

// userInfo is the validation endpoint of mod_auth_oauth_external: the token
// as Bearer, and the account as preferred_username, unescaped, as the module
// escapes it (XEP-0106). It may be a token or a ticket.
func (q *request) userInfo() {
	token, ok := q.usersToken()
	if !ok {
		return
	}
	id, refusal := q.login(auth.Credentials{Host: q.query["host"], Token: token})
	if refusal != nil {
		q.refuse(refusal)
		return
	}
	q.json(http.StatusOK, struct {
		Subject  string `json:"sub"`
		Username string `json:"preferred_username"`
	}{id.JID(), id.Localpart()})
}

// usersToken returns the token in Authorization, or refuses.
func (q *request) usersToken() (token string, ok bool) {
	token, ok = httpd.Bearer(q.r)
	err := q.query.only(nil, "host")
	if err == nil && !ok {
		err = errNoBearer
	}
	if err != nil {
		q.refuse(q.malformed(err))
	}
	return token, err == nil
}

var errNoBearer = errors.New("no Bearer credentials")

// oauthToken is the token endpoint of mod_auth_oauth_external, for PLAIN: the
// resource owner's password grant (RFC 6749 section 4.3), the password being
// a token. The access token is a ticket, with which the module then asks
// userInfo. The name is required: without a validation endpoint the module
// takes the client's word for it.
func (q *request) oauthToken() {
	form, err := q.form()
	switch {
	case err != nil:
		q.refuse(q.malformed(err))
		return
	case form["grant_type"] != "password":
		q.refuse(q.problem(auth.Refuse(auth.ReasonUnsupportedRequest,
			"a grant_type other than password; set oauth_external_resource_owner_password in Prosody, or compare "+
				"its lines with usher prosody")))
		return
	}
	ticket, refusal := q.ticket(auth.Credentials{Name: form["username"], NameRequired: true, Token: form["password"]})
	if refusal != nil {
		q.refuse(refusal)
		return
	}
	q.json(http.StatusOK, struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int    `json:"expires_in"`
	}{ticket.Text, "Bearer", int(ticket.ExpiresIn.Seconds())})
}

func (q *request) form() (params, error) {
	if err := q.query.only(nil, "host"); err != nil {
		return nil, err
	}
	body, err := q.body()
	if err != nil {
		return nil, err
	}
	form, err := parseParams(string(body))
	if err != nil {
		return nil, err
	}
	return form, form.only([]string{"grant_type", "username", "password"}, "scope", "client_id", "client_secret")
}

// giveTicket makes a ticket of the token in Authorization. The answer tells
// the account, which may be a random one.
func (q *request) giveTicket() {
	token, ok := q.usersToken()
	if !ok {
		return
	}
	ticket, refusal := q.ticket(auth.Credentials{Token: token})
	if refusal != nil {
		q.refuse(refusal)
		return
	}
	q.json(http.StatusOK, struct {
		Account string `json:"account"` // JID localpart, escaped by XEP-0106
		JID     string `json:"jid"`
		Ticket  string `json:"ticket"`
		Seconds int    `json:"expires_in"`
	}{ticket.Account, ticket.JID(), ticket.Text, int(ticket.ExpiresIn.Seconds())})
}

func (q *request) ticket(c auth.Credentials) (auth.Ticket, *auth.Refusal) {
	c.Door, c.Host = q.door, q.query["host"]
	ticket, err := q.Auth.IssueTicket(q.r.Context(), c)
	return ticket, auth.RefusalOf(err)
}

// refuseOAuth has the form of RFC 6749 section 5.2 and RFC 6750 section 3.1.
// The description is what a client may know.
func (q *request) refuseOAuth(r *auth.Refusal) {
	status, code := statusOf(r), "invalid_grant"
	switch {
	case r.Reason == auth.ReasonMalformedRequest:
		code = "invalid_request"
	case r.Reason == auth.ReasonUnsupportedRequest:
		status, code = http.StatusBadRequest, "unsupported_grant_type"
	case r.Reason.Undecided():
		code = "temporarily_unavailable"
	case q.r.URL.Path != "/auth/oauth/token":
		status, code = http.StatusUnauthorized, "invalid_token"
		q.w.Header().Set("WWW-Authenticate", `Bearer realm="usher", error="invalid_token"`)
	default:
		status = http.StatusBadRequest
	}
	q.json(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, r.Reason.ClientText()})
}
