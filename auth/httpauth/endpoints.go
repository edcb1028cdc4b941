package httpauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"usher/auth"
)

// An endpoint is one path.
type endpoint struct {
	door        string
	usersHeader bool   // Authorization is the user's, so the door's secret stands in the URL
	methods     string // as an Allow header has them
	serve       func(*request)
}

// The methods that endpoints have.
const (
	get       = http.MethodGet
	post      = http.MethodPost
	getOrPost = get + ", " + post
)

func (e endpoint) takes(method string) bool {
	return e.methods == method || e.methods == getOrPost && (method == get || method == post)
}

// httpPrefix is mod_auth_http's http_auth_url.
const httpPrefix = "/auth/http/"

// endpointOf returns what is at a path.
func endpointOf(path string) (e endpoint, known bool) {
	switch path {
	case httpPrefix + "check_password":
		return endpoint{DoorHTTP, false, get, (*request).checkPassword}, true
	case httpPrefix + "user_exists":
		return endpoint{DoorHTTP, false, get, (*request).userExists}, true
	case "/auth/basic":
		return endpoint{DoorHTTPAsync, true, get, (*request).basic}, true
	case "/auth/json":
		return endpoint{DoorCustomHTTP, false, post, (*request).customJSON}, true
	case "/auth/oauth/userinfo":
		return endpoint{DoorOAuth, true, get, (*request).userInfo}, true
	case "/auth/oauth/token":
		return endpoint{DoorOAuth, false, post, (*request).oauthToken}, true
	case "/auth/ticket":
		return endpoint{DoorTicket, true, post, (*request).giveTicket}, true
	}
	if strings.HasPrefix(path, httpPrefix) { // register, set_password, remove_user
		return endpoint{DoorHTTP, false, getOrPost, (*request).unsupported}, true
	}
	return endpoint{}, false
}

// pattern is the endpoint's path for a line of the log: nothing of a client's.
func (e endpoint) pattern(path string) string {
	switch {
	case e.serve == nil:
		return "unknown"
	case strings.HasPrefix(path, httpPrefix):
		return httpPrefix
	}
	return path // endpointOf knows it
}

// checkPassword is GET check_password of mod_auth_http. Yes is a 200 whose
// body is exactly true.
func (q *request) checkPassword() {
	if err := q.query.only([]string{"user", "server", "pass"}); err != nil {
		q.refuse(q.malformed(err))
		return
	}
	q.answer(auth.Credentials{Host: q.query["server"], Name: q.query["user"], NameRequired: true,
		Token: q.query["pass"]})
}

// answer decides and says yes or no.
func (q *request) answer(c auth.Credentials) {
	if _, refusal := q.login(c); refusal != nil {
		q.refuse(refusal)
		return
	}
	q.text(http.StatusOK, yes)
}

// userExists is GET user_exists of mod_auth_http.
func (q *request) userExists() {
	if err := q.query.only([]string{"user", "server"}); err != nil {
		q.refuse(q.malformed(err))
		return
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), auth.AwaitWithin)
	defer cancel()
	switch there, err := q.Auth.Exists(ctx, q.query["server"], q.query["user"]); {
	case err != nil:
		q.refuse(auth.StateRefusal(err))
	case there:
		q.text(http.StatusOK, yes)
	default:
		q.text(http.StatusNotFound, no)
	}
}

func (q *request) unsupported() {
	q.refuse(q.problem(auth.Refuse(auth.ReasonUnsupportedRequest,
		"accounts are not made, changed or removed here; have the client log in with a token, they come from those")))
}

// basic is what mod_auth_http_async asks: the user's name and password as
// Basic credentials (RFC 7617). Yes is any 2xx.
func (q *request) basic() {
	if err := q.query.only(nil, "host"); err != nil {
		q.refuse(q.malformed(err))
		return
	}
	name, token, ok := q.r.BasicAuth()
	if !ok || name == "" {
		q.refuse(q.malformed(errors.New("no Basic credentials")))
		return
	}
	q.answer(auth.Credentials{Host: q.query["host"], Name: name, NameRequired: true, Token: token})
}

// customJSON is what mod_auth_custom_http asks, with the Content-Type of a
// form. Yes is a body that is exactly true, whatever the status.
func (q *request) customJSON() {
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	body, err := q.body()
	if err == nil {
		err = q.query.only(nil, "host")
	}
	if err == nil && json.Unmarshal(body, &in, json.RejectUnknownMembers(true)) != nil {
		err = errors.New("the body is not an object of username and password")
	}
	if err == nil && in.Username == "" {
		err = errMissing
	}
	if err != nil {
		q.refuse(q.malformed(err))
		return
	}
	q.answer(auth.Credentials{Host: q.query["host"], Name: in.Username, NameRequired: true, Token: in.Password})
}

var errBody = errors.New("the body is too long, or was cut")

func (q *request) body() ([]byte, error) {
	most := q.MaxBody
	if most == 0 {
		most = 128 << 10
	}
	body, err := io.ReadAll(http.MaxBytesReader(q.w, q.r.Body, most))
	if err != nil {
		return nil, errBody
	}
	return body, nil
}
