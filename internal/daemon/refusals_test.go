package daemon

import (
	"testing"

	"usher/auth/gateway/swap"
	"usher/moderation"
)

// The gateway knows refused joins by numbers, which have texts of their own; each says
// what the decision says.
func TestGatewayTellsTheReason(t *testing.T) {
	for _, r := range append(moderation.DenyReasons(), moderation.UndecidedReasons()...) {
		if got := swap.ForJoin(string(r), false).Text(); got != r.ClientText() {
			t.Errorf("%s: the gateway says %q, the decision %q", r, got, r.ClientText())
		}
	}
}
