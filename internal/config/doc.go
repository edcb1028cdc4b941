// Package config answers one question: what does the configuration file say?
// It reads the file, which is strict YAML, and every file that it names, and
// returns a [Config] in which every value is good, or [Problems] with line and
// column. [Diff] says what differs between two of them, [NeedsRestart] which of
// that a running daemon cannot take over. It starts no goroutine and has no
// lock; a Config is not written to after [Load] has returned it.
package config
