package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"usher/internal/cluster"
)

// passing are the first words of those of the engine's errors that pass by themselves, or once the engine is mended.
// Every other error is of a setting.
var passing = map[string]bool{
	"LOADING":    true, // it reads its file
	"READONLY":   true, // it is a replica now
	"MASTERDOWN": true, // it is a replica without its primary
	"NOREPLICAS": true, // min-replicas-to-write
	"MISCONF":    true, // it cannot write its file
	"OOM":        true, // its memory is full
	"BUSY":       true, // a script takes too long
	"UNBLOCKED":  true, // it became a replica while a client waited
	"IOERR":      true,
}

// tooMany is the one error that passes without a word of its own; the library takes ERR away.
const tooMany = "max number of clients reached"

// noRight begins what a script hears that lacks a right; that, too, has no word of its own.
const noRight = "The user executing the script can't"

// hints name the setting behind errors whose text does not.
var hints = map[string]string{
	"NOAUTH":    "give user and password_file under cluster",
	"WRONGPASS": "user or password_file under cluster is not what the engine knows",
	"NOPERM":    "usher needs the rights of deploy/redis/users.acl there",
	"MOVED":     "Redis Cluster is not supported: name one primary, or Sentinels",
}

var (
	errClosed  = errors.New("the connection is closed")
	errTimeout = errors.New("no answer in time")
	errOther   = errors.New("the primary may be another now")
)

// classify returns what an error of the engine, or of a connection to it, is to a cluster.
func classify(err error) error {
	if errors.Is(err, cluster.ErrAway) || errors.Is(err, cluster.ErrRefused) {
		return err
	}
	answer, isAnswer := rueidis.IsRedisErr(err)
	if !isAnswer {
		if isOfTLS(err) {
			return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
		}
		return fmt.Errorf("%w: %w", cluster.ErrAway, err)
	}
	text := strings.TrimPrefix(answer.Error(), "-")
	word, _, _ := strings.Cut(text, " ")
	if passing[word] || strings.HasPrefix(text, tooMany) {
		return fmt.Errorf("%w: %w", cluster.ErrAway, err)
	}
	if strings.HasPrefix(text, noRight) {
		word = "NOPERM"
	}
	if hint := hints[word]; hint != "" {
		return fmt.Errorf("%w: %w: %s", cluster.ErrRefused, err, hint)
	}
	return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
}

// isOfTLS reports whether an error is of settings of TLS: a certificate that proves nothing, or a server without TLS.
func isOfTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	return certificate || plain
}

// isNoScript reports whether the engine does not know a script any more: it has been restarted.
func isNoScript(err error) bool {
	answer, ok := errors.AsType[*rueidis.RedisError](err)
	return ok && answer.IsNoScript()
}
