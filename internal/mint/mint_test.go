package mint_test

import (
	"testing"

	"usher/internal/mint"
)

func TestAudience(t *testing.T) {
	for _, row := range []struct {
		list []string
		want string
	}{{nil, ""}, {[]string{"*", "a", "other"}, "a"}, {[]string{"*"}, "jitsi"}} {
		if got := mint.Audience(row.list); got != row.want {
			t.Errorf("%v: got %q, want %q", row.list, got, row.want)
		}
	}
}
