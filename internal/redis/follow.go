package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"usher/internal/cluster"
)

// block is how long an answer waits for the next entry. Then the engine is asked again, as it may have been cut off.
const block = 2 * time.Second

// beginning is the place before the first entry of a log.
const beginning = "0-0"

// whole says whether the log goes on from a place without a gap: the entry there is still there, or it is the last
// one that there ever was; or nothing was ever taken from the log. XREAD does not say: from a place that was trimmed
// away it goes on with what is left. Key: log. Argument: the place.
var whole = newReadingScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then
	return ARGV[1] == '0-0' and 1 or 0
end
if ARGV[1] ~= '0-0' and #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 1 then
	return 1
end
local said, info = redis.call('XINFO', 'STREAM', KEYS[1]), {}
for i = 1, #said, 2 do
	info[said[i]] = said[i + 1]
end
if ARGV[1] == '0-0' then
	return info['entries-added'] == info['length'] and 1 or 0
end
return ARGV[1] == info['last-generated-id'] and 1 or 0
`)

// ending returns the place of the last entry that a log ever had. Key: log.
var ending = newReadingScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then
	return '0-0'
end
local said = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #said, 2 do
	if said[i] == 'last-generated-id' then
		return said[i + 1]
	end
end
`)

// End is that of [cluster.Bus].
func (b *Bus) End(ctx context.Context, scope cluster.Scope) (cluster.Position, error) {
	answer, err := b.other.eval(ctx, ending, []string{key(scope, "log")})
	if err != nil {
		return "", err
	}
	id, err := answer.ToString()
	if err != nil {
		return "", classify(err)
	}
	return cluster.Position(id), nil
}

// Follow is that of [cluster.Bus].
func (b *Bus) Follow(ctx context.Context, scope cluster.Scope, from cluster.Position,
	handle func(cluster.Batch) error) error {
	l, done, err := b.following()
	if err != nil {
		return err
	}
	defer done()
	r := reader{l, key(scope, "log"), string(from)}
	if from == "" {
		r.at = beginning
	}
	for wait := time.Duration(0); ; wait = block {
		batch, err := r.next(ctx, wait)
		if err != nil {
			return err
		}
		if len(batch.Entries) == 0 && wait > 0 {
			continue
		}
		if err := handle(batch); err != nil {
			return err
		}
	}
}

// A reader is at a place in a log.
type reader struct {
	link *link
	log  string
	at   string
}

// next reads what follows, and asks then whether the place was still there: if so, what was read is all that follows.
func (r *reader) next(ctx context.Context, wait time.Duration) (cluster.Batch, error) {
	words := []string{"XREAD", "COUNT", strconv.Itoa(portion + 1), "BLOCK", strconv.FormatInt(wait.Milliseconds(), 10),
		"STREAMS", r.log, r.at}
	if wait == 0 {
		words = append(words[:3], words[5:]...)
	}
	ask := whole.known([]string{r.log}, r.at)
	answers, err := r.link.do(ctx, words, ask)
	if err != nil {
		return cluster.Batch{}, err
	}
	if isNoScript(answers[1].Error()) { // asked later it is no less strict
		if answers[1], err = r.link.teach(ctx, whole, ask); err != nil {
			return cluster.Batch{}, err
		}
	}
	if still, err := answers[1].AsInt64(); err != nil {
		return cluster.Batch{}, classify(err)
	} else if still == 0 {
		return cluster.Batch{}, fmt.Errorf("%w: %s", cluster.ErrCut, r.at)
	}
	streams, err := answers[0].AsXRead()
	if err != nil && !rueidis.IsRedisNil(err) {
		return cluster.Batch{}, classify(err)
	}
	return r.batch(streams[r.log]), nil
}

// batch makes a batch of an answer, and goes on. One entry more than a batch has tells that this is not the end.
func (r *reader) batch(read []rueidis.XRangeEntry) cluster.Batch {
	b := cluster.Batch{End: len(read) <= portion}
	for _, e := range read[:min(portion, len(read))] {
		v := decode(e.FieldValues["n"], e.FieldValues["f"], e.FieldValues["e"])
		v.Drop = e.FieldValues["d"] != ""
		b.Entries = append(b.Entries, cluster.Logged{Position: cluster.Position(e.ID), At: taken(e.ID), Sealed: v})
		r.at = e.ID
	}
	return b
}

// taken returns when the engine took an entry: its place begins with the milliseconds.
func taken(id string) time.Time {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseInt(text, 10, 64) // Redis makes no other
	return time.UnixMilli(ms)
}
