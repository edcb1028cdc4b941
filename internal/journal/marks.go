package journal

import "time"

// marks say when positions were written: one for each second in which something was, so that
// they are as many as an hour has seconds.
type marks []mark

type mark struct {
	from Position // of a record that was written then
	at   time.Time
}

const markEvery = time.Second

// add is told of each record that is written.
func (m *marks) add(from Position, now time.Time) {
	if n := len(*m); n > 0 && now.Sub((*m)[n-1].at) < markEvery {
		return
	}
	*m = append(*m, mark{from, now})
}

// forget is told up to where records are applied, and whether that is all of them.
func (m *marks) forget(p Position, all bool) {
	if all {
		*m = (*m)[:0]
		return
	}
	n := 0
	for n+1 < len(*m) && (*m)[n+1].from.Compare(p) <= 0 {
		n++
	}
	*m = append((*m)[:0], (*m)[n:]...)
}

// age is that of the oldest record, to a second.
func (m marks) age(now time.Time) time.Duration {
	if len(m) == 0 {
		return 0
	}
	return max(now.Sub(m[0].at), 1)
}
