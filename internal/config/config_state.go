package config

import (
	"path/filepath"
	"strings"

	"usher/internal/text"
)

// A stateConfig says where sessions are kept.
type State struct {
	Path string // of the SQLite file; empty: memory
}

// String returns the form of the configuration.
func (s State) String() string {
	if s.Path == "" {
		return "memory:"
	}
	return "sqlite:" + s.Path
}

const defaultState = "/var/lib/usher/usher.db"

func (s *State) read(v value) {
	word, ok := v.word()
	if !ok {
		return
	}
	kind, rest, _ := strings.Cut(word, ":")
	switch {
	case word == "memory:":
		s.Path = ""
	case kind == "sqlite" && filepath.IsAbs(rest) && !strings.HasSuffix(rest, "/"):
		s.Path = filepath.Clean(rest)
	case kind == "sqlite":
		v.problem("write an absolute path: sqlite:"+defaultState, "state: %q is no absolute path of a file", text.Clip(rest))
	case kind == "redis" || kind == "rediss":
		v.problem("use sqlite:"+defaultState, "state: this usher keeps its state on one machine; it has no Redis")
	default:
		v.problem("write sqlite: and an absolute path, or memory:", "state: %q is unknown", text.Clip(word))
	}
}
