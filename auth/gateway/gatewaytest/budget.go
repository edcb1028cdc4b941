package gatewaytest

import (
	"net/netip"
	"testing"

	"usher/auth/gateway/budget"
)

// TakeBudget takes so many bytes of what all share, for as many addresses as that
// needs.
func TakeBudget(t testing.TB, b *budget.Budget, n int64) (giveBack func()) {
	t.Helper()
	var loans []*budget.Loan
	for i := range budget.AddressParts {
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
		l := b.Share(netip.PrefixFrom(address, 32), n).Loan()
		if !l.Covers(n/budget.AddressParts + budget.Piece) {
			t.Fatal("it is in use")
		}
		loans = append(loans, &l)
	}
	return func() {
		for _, l := range loans {
			l.Repay()
		}
	}
}
