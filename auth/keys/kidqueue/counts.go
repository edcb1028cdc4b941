package kidqueue

import "time"

const (
	countRows    = 4
	countBits    = 17
	countsRemain = 30 * time.Second // at least, and twice as long at most
)

// counts tell about how often each kid was asked for lately, in 1 MiB however
// many kids there are: two count-min sketches with conservative update
// (Estan and Varghese, 2002), of now and of the time before. It may count too
// much, but never too little.
type counts struct {
	now, before *[countRows][1 << countBits]uint8
	began       time.Time // now
}

func newCounts(at time.Time) *counts {
	return &counts{now: new([countRows][1 << countBits]uint8), before: new([countRows][1 << countBits]uint8), began: at}
}

// add counts one more and returns the number with it.
func (c *counts) add(h uint64, at time.Time) int {
	if at.Sub(c.began) >= countsRemain {
		c.now, c.before, c.began = c.before, c.now, at
		clear(c.now[:])
	}
	least, earlier := uint8(254), uint8(255)
	for i := range countRows {
		least = min(least, c.now[i][column(h, i)])
		earlier = min(earlier, c.before[i][column(h, i)])
	}
	for i := range countRows {
		cell := &c.now[i][column(h, i)]
		*cell = max(*cell, least+1)
	}
	return int(least) + 1 + int(earlier)
}

// column takes other bits of the hash for each row.
func column(h uint64, row int) int { return int(h>>(15*row)) & (1<<countBits - 1) }
