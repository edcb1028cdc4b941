package memory_test

import (
	"testing"

	"usher/internal/memory"
	"usher/internal/storetest"
	"usher/moderation"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Backend{New: func(*testing.T) func() moderation.Store {
		return func() moderation.Store { return memory.New() }
	}})
}
