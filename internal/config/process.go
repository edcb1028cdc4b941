package config

import (
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"

	"usher/internal/config/section"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// Log says what is logged, and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

func defaultLog() Log { return Log{slog.LevelInfo, "text"} }

func logSettings() section.Section {
	return section.Section{
		Path: "log",
		Text: "What the daemon writes to its standard error, one line an event. It never logs a token, " +
			"a secret or a URL.",
		Settings: []section.Setting{
			{Key: "level", Kind: "`debug`, `info`, `warn` or `error`", Default: "info", Example: "debug",
				Text: "The least that is logged. `info` has one line for each login."},
			{Key: "format", Kind: "`text` or `json`", Default: "text", Restart: true, Example: "json",
				Text: "`json` is for a log collector."},
		},
	}
}

func (l *Log) read(v strictyaml.Value) {
	v.Object(logSettings().Fields(section.Readers{
		"level": func(v strictyaml.Value) {
			if s, ok := v.OneOf("debug", "info", "warn", "error"); ok {
				_ = l.Level.UnmarshalText([]byte(s)) // knows all four
			}
		},
		"format": func(v strictyaml.Value) {
			if s, ok := v.OneOf("text", "json"); ok {
				l.Format = s
			}
		},
	})...)
}

const defaultState = "/var/lib/usher/usher.db"

// State says where sessions are kept.
type State struct {
	Path string // of the SQLite file, absolute; empty: memory
}

// String returns the form of the configuration.
func (s State) String() string {
	if s.Path == "" {
		return "memory:"
	}
	return "sqlite:" + s.Path
}

func (s *State) read(v strictyaml.Value) {
	word, ok := v.Word()
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
		v.Problem("write an absolute path: sqlite:"+defaultState,
			"state: %q is no absolute path of a file", text.Clip(rest))
	case kind == "redis" || kind == "rediss":
		v.Problem("write state: sqlite:"+defaultState+", and the address under cluster.redis",
			"state: each usher keeps its own state; Redis is beside it, under cluster, and never in its place")
	default:
		v.Problem("write sqlite: and an absolute path, or memory:", "state: %q is unknown", text.Clip(word))
	}
}

// bareMemory puts quotes around the memory: of state: memory:, as a plain value
// of YAML cannot end with a colon, which an operator need not know.
func bareMemory(content []byte) []byte {
	line := regexp.MustCompile(`(?m)^(state:[ \t]+)memory:([ \t]*(?:[ \t]#.*)?\r?)$`)
	return line.ReplaceAll(content, []byte(`${1}"memory:"$2`))
}
