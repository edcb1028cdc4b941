package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strconv"

	"github.com/redis/rueidis"
)

// A script is a program that the engine runs in one step. One that only reads runs on a replica, too.
type script struct{ text, sum, suffix string }

func newScript(text string) script {
	sum := sha1.Sum([]byte(text)) // by which Redis knows it
	return script{text: text, sum: hex.EncodeToString(sum[:])}
}

func newReadingScript(text string) script {
	s := newScript(text)
	s.suffix = "_RO"
	return s
}

// known is the command that runs a script which the engine knows.
func (s script) known(keys []string, args ...string) []string {
	words := make([]string, 0, 3+len(keys)+len(args))
	words = append(words, "EVALSHA"+s.suffix, s.sum, strconv.Itoa(len(keys)))
	return append(append(words, keys...), args...)
}

// eval runs a script. The engine forgets scripts when it is restarted, and is given the text then.
func (l *link) eval(ctx context.Context, s script, keys []string, args ...string) (rueidis.RedisResult, error) {
	words := s.known(keys, args...)
	answers, err := l.do(ctx, words)
	if err == nil && isNoScript(answers[0].Error()) {
		return l.teach(ctx, s, words)
	}
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	return answers[0], nil
}

// teach runs a script that the engine does not know.
func (l *link) teach(ctx context.Context, s script, known []string) (rueidis.RedisResult, error) {
	known[0], known[1] = "EVAL"+s.suffix, s.text
	answers, err := l.do(ctx, known)
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	return answers[0], nil
}
