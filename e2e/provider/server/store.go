package main

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// An example is the library's storage, a level deeper than keys: that one's methods take the place of its own.
type example struct{ *storage.Storage }

// A store is the example's storage with clients, people and keys of the configuration.
type store struct {
	example
	*keys
	config   config
	lifetime atomic.Int64 // of access tokens, a time.Duration
}

func newStore(c config) (*store, error) {
	clients := map[string]*storage.Client{}
	for _, one := range c.Clients {
		clients[one.ID] = storage.WebClient(one.ID, one.Secret, one.Redirects...)
	}
	s := &store{example: example{storage.NewStorageWithClients(people(c.Users), clients)}, keys: &keys{}, config: c}
	s.lifetime.Store(int64(time.Duration(c.Lifetime) * time.Second))
	return s, s.rotate(false)
}

// people are a storage.UserStore.
type people []user

func (p people) find(is func(user) bool) (user, bool) {
	for _, u := range p {
		if is(u) {
			return u, true
		}
	}
	return user{}, false
}

func (p people) get(is func(user) bool) *storage.User {
	u, found := p.find(is)
	if !found {
		return nil
	}
	return &storage.User{ID: u.ID, Username: u.Name, Password: u.Password, FirstName: u.First, LastName: u.Last,
		Email: u.Email, EmailVerified: u.Verified}
}

func (p people) GetUserByID(id string) *storage.User {
	return p.get(func(u user) bool { return u.ID == id })
}

func (p people) GetUserByUsername(name string) *storage.User {
	return p.get(func(u user) bool { return u.Name == name })
}

func (p people) ExampleClientID() string { return "" }

// A registered is a client as the provider's library wants it.
type registered struct {
	op.Client
	client client
	base   string
}

func (r registered) PostLogoutRedirectURIs() []string     { return r.client.PostLogout }
func (r registered) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (r registered) IDTokenUserinfoClaimsAssertion() bool { return true }
func (r registered) DevMode() bool                        { return false }
func (r registered) ClockSkew() time.Duration             { return time.Duration(r.client.Skew) * time.Second }
func (r registered) LoginURL(id string) string            { return r.base + "/signin?id=" + id }

func (r registered) AuthMethod() oidc.AuthMethod {
	if r.client.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

// IsScopeAllowed takes the scopes by which other providers give roles and groups; they change nothing here.
func (r registered) IsScopeAllowed(scope string) bool { return scope == "roles" || scope == "groups" }

// GetClientByClientID is of op.Storage.
func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, one := range s.config.Clients {
		if one.ID == id {
			return registered{c, one, s.config.base()}, nil
		}
	}
	return nil, fmt.Errorf("no client %s", id)
}

// CreateAuthRequest is of op.Storage. Who asks without a nonce or without PKCE by SHA-256 is sent back.
func (s *store) CreateAuthRequest(ctx context.Context, r *oidc.AuthRequest, who string) (op.AuthRequest, error) {
	if r.Nonce == "" || r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("a nonce and a challenge by S256 are wanted")
	}
	return s.Storage.CreateAuthRequest(ctx, r, who)
}

// A request is what somebody signs in for, with further audiences of the tokens.
type request struct {
	*storage.AuthRequest
	audience []string
}

func (r request) GetAudience() []string { return r.audience }

// A renewal is a request by a refresh token, likewise.
type renewal struct {
	op.RefreshTokenRequest
	audience []string
}

func (r renewal) GetAudience() []string { return r.audience }

func (s *store) audience(id string) []string {
	for _, one := range s.config.Clients {
		if one.ID == id {
			return append([]string{id}, one.Audience...)
		}
	}
	return []string{id}
}

func (s *store) wrap(r op.AuthRequest, err error) (op.AuthRequest, error) {
	if err != nil {
		return nil, err
	}
	return request{r.(*storage.AuthRequest), s.audience(r.GetClientID())}, nil
}

// plain is what the example's storage knows.
func plain(r op.TokenRequest) op.TokenRequest {
	switch r := r.(type) {
	case request:
		return r.AuthRequest
	case renewal:
		return r.RefreshTokenRequest
	}
	return r
}

// AuthRequestByID is of op.Storage.
func (s *store) AuthRequestByID(ctx context.Context, id string) (op.AuthRequest, error) {
	return s.wrap(s.Storage.AuthRequestByID(ctx, id))
}

// AuthRequestByCode is of op.Storage.
func (s *store) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	return s.wrap(s.Storage.AuthRequestByCode(ctx, code))
}

// TokenRequestByRefreshToken is of op.Storage.
func (s *store) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	r, err := s.Storage.TokenRequestByRefreshToken(ctx, token)
	if err != nil {
		return nil, err
	}
	return renewal{r, s.audience(r.GetClientID())}, nil
}

func (s *store) end() time.Time {
	return time.Now().Add(time.Duration(s.lifetime.Load()))
}

// CreateAccessToken is of op.Storage.
func (s *store) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, _, err := s.Storage.CreateAccessToken(ctx, plain(r))
	return id, s.end(), err
}

// CreateAccessAndRefreshTokens is of op.Storage.
func (s *store) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, old string) (string, string,
	time.Time, error) {
	id, refresh, _, err := s.Storage.CreateAccessAndRefreshTokens(ctx, plain(r), old)
	return id, refresh, s.end(), err
}

// claims are what a user has besides those of the specification.
func (s *store) claims(id string) map[string]any {
	u, _ := people(s.config.Users).find(func(u user) bool { return u.ID == id })
	all := map[string]any{}
	maps.Copy(all, u.Claims)
	return all
}

// SetUserinfoFromRequest is of op.Storage: what an ID token says.
func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, r op.IDTokenRequest,
	scopes []string) error {
	if err := s.Storage.SetUserinfoFromRequest(ctx, info, r, scopes); err != nil {
		return err
	}
	s.complete(info, r.GetSubject())
	return nil
}

// SetUserinfoFromToken is of op.Storage: what the address for it says.
func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, id, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, id, origin); err != nil {
		return err
	}
	s.complete(info, id)
	return nil
}

func (s *store) complete(info *oidc.UserInfo, id string) {
	u, _ := people(s.config.Users).find(func(u user) bool { return u.ID == id })
	info.Picture = u.Picture
	for name, value := range s.claims(id) {
		info.AppendClaims(name, value)
	}
}

// GetPrivateClaimsFromScopes is of op.Storage: what an access token says. It names the person, as Keycloak's does.
func (s *store) GetPrivateClaimsFromScopes(_ context.Context, id, _ string, _ []string) (map[string]any, error) {
	all := s.claims(id)
	u, _ := people(s.config.Users).find(func(u user) bool { return u.ID == id })
	all["preferred_username"], all["name"], all["typ"] = u.Name, u.First+" "+u.Last, "Bearer"
	return all, nil
}
