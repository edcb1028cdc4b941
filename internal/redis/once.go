package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"usher/internal/cluster"
)

// giving gives a name once, and forgets some of those whose time is over: as many as can be there at most come in with
// each, so that they do not grow. Key: once. Arguments: the name; for how long.
var giving = newScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
if ends > now then
	return 0
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]))
local found = redis.call('HSCAN', KEYS[1], redis.call('HGET', KEYS[1], '*') or '0', 'COUNT', 32)
for i = 1, #found[2], 2 do
	if found[2][i] ~= '*' and tonumber(found[2][i + 1]) <= now then
		redis.call('HDEL', KEYS[1], found[2][i])
	end
end
redis.call('HSET', KEYS[1], '*', found[1])
return 1
`)

// Once is that of [cluster.Bus].
func (b *Bus) Once(ctx context.Context, scope cluster.Scope, name string, ttl time.Duration) (first bool, err error) {
	answer, err := b.other.eval(ctx, giving, []string{key(scope, "once")}, name,
		strconv.FormatInt(ttl.Milliseconds(), 10))
	if err != nil {
		return false, err
	}
	n, err := answer.AsInt64()
	if err != nil {
		return false, fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return n == 1, nil
}
