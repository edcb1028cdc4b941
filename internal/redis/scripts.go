package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strconv"

	"github.com/redis/rueidis"
)

// A script is a program that the engine runs in one step.
type script struct{ text, sum string }

func newScript(text string) script {
	sum := sha1.Sum([]byte(text)) // by which Redis knows it
	return script{text, hex.EncodeToString(sum[:])}
}

// eval runs a script. The engine forgets scripts when it is restarted, and is given the text then.
func (l *link) eval(ctx context.Context, s script, keys []string, args ...string) (rueidis.RedisResult, error) {
	words := make([]string, 0, 3+len(keys)+len(args))
	words = append(words, "EVALSHA", s.sum, strconv.Itoa(len(keys)))
	words = append(append(words, keys...), args...)
	answers, err := l.do(ctx, words)
	if err == nil && isNoScript(answers[0].Error()) {
		words[0], words[1] = "EVAL", s.text
		answers, err = l.do(ctx, words)
	}
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	return answers[0], nil
}
