package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"usher/internal/cluster"
)

// publishing writes entries to the log and to the node's hash. A script that has written nothing yet is refused as a
// whole when the engine takes no writes, and runs to its end afterwards, so that it is one step.
//
// Keys: log, node's hash, last, nodes. Arguments: node, incarnation, length of the log; of each entry number, field,
// the entry itself, and d if it drops the field.
var publishing = newScript(`
local said = redis.call('HGET', KEYS[3], ARGV[1]) or ''
local incarnation, last = said:match('^(%d+) (%d+)$')
last = incarnation == ARGV[2] and tonumber(last) or 0
local before = last
for i = 4, #ARGV, 4 do
	local number, field, entry, drop = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
	if number > last then
		redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'n', ARGV[1], 'f', field, 'e', entry, 'd', drop)
		if drop ~= '' then
			redis.call('HDEL', KEYS[2], field)
		elseif field ~= '' then
			redis.call('HSET', KEYS[2], field, entry)
		end
		last = number
	end
end
if last > before then
	redis.call('HSET', KEYS[3], ARGV[1], string.format('%s %.0f', ARGV[2], last))
	redis.call(redis.call('EXISTS', KEYS[2]) == 1 and 'SADD' or 'SREM', KEYS[4], ARGV[1])
end
return last
`)

// Publish is that of [cluster.Bus].
func (b *Bus) Publish(ctx context.Context, scope cluster.Scope, entries []cluster.Sealed) error {
	if len(entries) == 0 {
		return ctx.Err()
	}
	if err := cluster.CheckPublish(entries); err != nil {
		return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	node := entries[0].Node
	args := make([]string, 0, 3+4*len(entries))
	args = append(args, node, strconv.FormatUint(entries[0].Incarnation, 10), strconv.Itoa(cluster.LogLength))
	for i := range entries {
		v := &entries[i]
		text, err := encode(v)
		if err != nil {
			return err
		}
		drop := ""
		if v.Drop {
			drop = "d"
		}
		args = append(args, strconv.FormatUint(v.Number, 10), v.Field, text, drop)
	}
	keys := []string{key(scope, "log"), nodeKey(scope, node), key(scope, "last"), key(scope, "nodes")}
	_, err := b.publish.eval(ctx, publishing, keys, args...)
	return err
}

// Nodes is that of [cluster.Bus].
func (b *Bus) Nodes(ctx context.Context, scope cluster.Scope) ([]string, error) {
	answers, err := b.other.do(ctx, []string{"SMEMBERS", key(scope, "nodes")})
	if err != nil {
		return nil, err
	}
	names, err := answers[0].AsStrSlice()
	if err != nil {
		return nil, classify(err)
	}
	slices.Sort(names)
	return names, nil
}

// forgetting drops what is known of a node. Keys: node's hash, last, nodes. Argument: node.
var forgetting = newScript(`
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('UNLINK', KEYS[1])
`)

// Forget is that of [cluster.Bus].
func (b *Bus) Forget(ctx context.Context, scope cluster.Scope, node string) error {
	_, err := b.other.eval(ctx, forgetting,
		[]string{nodeKey(scope, node), key(scope, "last"), key(scope, "nodes")}, node)
	return err
}
