package redis

import (
	"context"
	"strconv"

	"usher/internal/cluster"
)

// portion is how many entries one answer has, about: Redis gives small hashes whole.
const portion = 512

// Snapshot is that of [cluster.Bus].
func (b *Bus) Snapshot(ctx context.Context, scope cluster.Scope, node string,
	handle func([]cluster.Sealed) error) error {
	cursor, count := "0", strconv.Itoa(portion)
	for {
		answers, err := b.other.do(ctx, []string{"HSCAN", nodeKey(scope, node), cursor, "COUNT", count})
		if err != nil {
			return err
		}
		part, err := answers[0].AsScanEntry()
		if err != nil {
			return classify(err)
		}
		entries := make([]cluster.Sealed, 0, len(part.Elements)/2)
		for i := 0; i+1 < len(part.Elements); i += 2 {
			entries = append(entries, decode(node, part.Elements[i], part.Elements[i+1]))
		}
		if len(entries) > 0 {
			if err := handle(entries); err != nil {
				return err
			}
		}
		if part.Cursor == 0 {
			return nil
		}
		cursor = strconv.FormatUint(part.Cursor, 10)
	}
}
