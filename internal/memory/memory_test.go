package memory_test

import (
	"testing"

	"usher/internal/memory"
	"usher/internal/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Backend{New: func(*testing.T) func() storetest.Store {
		return func() storetest.Store { return memory.New() }
	}})
}
