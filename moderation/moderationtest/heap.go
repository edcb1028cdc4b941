package moderationtest

import "runtime"

// Heap returns what is in use of the heap, in bytes.
func Heap() int64 {
	runtime.GC()
	runtime.GC() // pools keep what they hold over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
