package budget

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
)

// A step takes so many bytes for a session's next message, or gives them back.
type step struct {
	session int
	length  int64 // of the message; negative: the session's messages are done with
	want    bool
}

func TestBounds(t *testing.T) {
	const part = InAll / AddressParts // of which UnknownParts is four
	one, two := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64")
	for name, row := range map[string]struct {
		most   int64
		groups []netip.Prefix // of the sessions
		steps  []step
	}{
		"the first piece is free": {part, []netip.Prefix{one, one}, []step{{0, part + Piece, true}, {1, Piece, true}, {1, Piece + 1, false}}},
		"of a session":            {100_000, []netip.Prefix{one}, []step{{0, 100_000 + Piece, true}, {0, Piece + 1, false}, {0, Piece, true}}},
		"of an address":           {part, []netip.Prefix{one, one, two}, []step{{0, part, true}, {1, 2*Piece + 1, false}, {1, 2 * Piece, true}, {2, part, true}}},
		"of those that are unknown": {part, make([]netip.Prefix, 5), []step{
			{0, part + Piece, true}, {1, part + Piece, true}, {2, part + Piece, true}, {3, part + Piece, true}, {4, Piece + 1, false},
		}},
		"what is given back is free": {part, []netip.Prefix{one, one}, []step{{0, part + Piece, true}, {1, part, false}, {0, -1, true}, {1, part + Piece, true}}},
	} {
		var b Budget
		shares, loans := make([]*Share, len(row.groups)), make([][]*Loan, len(row.groups))
		for i, group := range row.groups {
			shares[i] = b.Share(group, row.most)
		}
		for i, s := range row.steps {
			if s.length < 0 {
				repay(loans[s.session])
				continue
			}
			l := shares[s.session].Loan()
			loans[s.session] = append(loans[s.session], &l)
			if got := l.Covers(s.length); got != s.want {
				t.Errorf("%s, step %d: %v", name, i, got)
			}
		}
		for _, l := range loans {
			repay(l)
		}
		if b.Taken() != 0 || len(b.byGroup) != 0 {
			t.Errorf("%s: %d bytes are left, of %d groups", name, b.Taken(), len(b.byGroup))
		}
	}
}

func repay(loans []*Loan) {
	for _, l := range loans {
		l.Repay()
		l.Repay() // once only
	}
}

// TestInAll: eight addresses have all of it, whatever the largest message is.
func TestInAll(t *testing.T) {
	for most, all := range map[int64]int64{1 << 20: InAll, 32 << 20: AddressParts * 32 << 20} {
		var b Budget
		taken := int64(0)
		for i := range 100 {
			for range all / AddressParts / most {
				l := b.Share(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 32), most).Loan()
				if l.Covers(most + Piece) {
					taken += most
				}
			}
		}
		if taken != all || b.Taken() != all {
			t.Errorf("messages of %d bytes: %d are held, and %d counted, want %d", most, taken, b.Taken(), all)
		}
	}
}

// TestReader: what does not fit any more is an error, at the byte that is too
// much; without a share that is what is over a piece.
func TestReader(t *testing.T) {
	var b Budget
	share := b.Share(netip.Prefix{}, 50_000)
	for name, row := range map[string]struct {
		loan Loan
		most int
	}{"a share": {share.Loan(), 50_000 + Piece}, "none": {Loan{}, Piece}} {
		for length, want := range map[int]error{0: nil, row.most: nil, row.most + 1: ErrOverloaded} {
			got, err := io.ReadAll(row.loan.Reader(strings.NewReader(strings.Repeat("x", length))))
			if !errors.Is(err, want) || err == nil && len(got) != length {
				t.Errorf("%s, %d bytes: read %d, %v", name, length, len(got), err)
			}
			row.loan.Repay()
		}
	}
	if b.Taken() != 0 {
		t.Errorf("%d bytes are left", b.Taken())
	}
}
