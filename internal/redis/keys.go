package redis

import (
	"encoding/binary"
	"fmt"

	"usher/internal/cluster"
)

// key returns one of a scope's keys. The braces have Redis keep them together.
func key(scope cluster.Scope, name string) string { return "usher:v1:{" + string(scope) + "}:" + name }

func nodeKey(scope cluster.Scope, node string) string { return key(scope, "node:"+node) }

// header is how many bytes stand before a value.
const header = 16

// maxNumber is the largest number that a script of Redis, which counts in floating point, tells from the next.
const maxNumber = 1 << 53

func encode(v *cluster.Sealed) (string, error) {
	if v.Number >= maxNumber {
		return "", fmt.Errorf("%w: number %d is too large", cluster.ErrRefused, v.Number)
	}
	b := make([]byte, 0, header+len(v.Value))
	b = binary.BigEndian.AppendUint64(b, v.Incarnation)
	b = binary.BigEndian.AppendUint64(b, v.Number)
	return string(append(b, v.Value...)), nil
}

// decode returns the entry of a node under a field. What is no entry, as another program wrote it, becomes one without
// incarnation, number and value: no key of the cluster has sealed that.
func decode(node, field, text string) cluster.Sealed {
	v := cluster.Sealed{Node: node, Field: field}
	if len(text) < header {
		return v
	}
	b := []byte(text)
	v.Incarnation, v.Number = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	v.Value = b[header:]
	return v
}
