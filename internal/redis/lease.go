package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"usher/internal/cluster"
)

// leasing gives or renews the lease of a scope, by the engine's clock, in milliseconds. Key: lease. Arguments: who
// asks, or nothing; for how long.
var leasing = newScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local was = redis.call('HMGET', KEYS[1], 'holder', 'number', 'until')
local holder, number, ends = was[1] or '', tonumber(was[2] or 0), tonumber(was[3] or 0)
if ends <= now then
	holder, ends = '', now
end
if ARGV[1] ~= '' and (holder == '' or holder == ARGV[1]) then
	if holder == '' then
		number = math.max(number + 1, now)
	end
	holder, ends = ARGV[1], now + ARGV[2]
	redis.call('HSET', KEYS[1], 'holder', holder, 'number', string.format('%.0f', number),
		'until', string.format('%.0f', ends))
end
return {holder, number, ends - now}
`)

// Lease is that of [cluster.Bus].
func (b *Bus) Lease(ctx context.Context, scope cluster.Scope, holder string, ttl time.Duration) (
	cluster.Lease, error) {
	answer, err := b.other.eval(ctx, leasing, []string{key(scope, "lease")}, holder,
		strconv.FormatInt(ttl.Milliseconds(), 10))
	if err != nil {
		return cluster.Lease{}, err
	}
	parts, err := answer.ToArray()
	if err != nil || len(parts) != 3 {
		return cluster.Lease{}, fmt.Errorf("%w: the lease is %v, %w", cluster.ErrRefused, parts, err)
	}
	name, errName := parts[0].ToString()
	number, errNumber := parts[1].AsInt64()
	left, errLeft := parts[2].AsInt64()
	for _, err := range []error{errName, errNumber, errLeft} {
		if err != nil {
			return cluster.Lease{}, classify(err)
		}
	}
	return cluster.Lease{Holder: name, Number: uint64(number), Left: time.Duration(left) * time.Millisecond}, nil
}
