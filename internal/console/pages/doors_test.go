package pages

import (
	"slices"
	"testing"

	"usher/auth/dovecot"
	"usher/auth/extauth"
	"usher/auth/gateway/login"
	"usher/auth/httpauth"
	"usher/auth/signin"
	"usher/internal/admin"
)

// TestDoors: refusals can be filtered by each door that decides about logins and joins.
func TestDoors(t *testing.T) {
	all := []string{dovecot.Door, extauth.Door, login.Door, httpauth.Door, httpauth.DoorHTTP, httpauth.DoorHTTPAsync,
		httpauth.DoorCustomHTTP, httpauth.DoorOAuth, httpauth.DoorTicket, signin.Door}
	offered := admin.Doors()
	slices.Sort(all)
	slices.Sort(offered)
	if all = slices.Compact(all); !slices.Equal(offered, all) {
		t.Errorf("the page offers %q, and there are %q", offered, all)
	}
}
