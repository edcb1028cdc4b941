// Package online answers one question: are the servers that a configuration names
// as usher needs them, the Redis of a cluster and the providers of the sign-in? It
// starts no goroutine and has no lock.
package online

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"usher/internal/cluster"
	"usher/internal/config"
	"usher/internal/config/clustersection"
	"usher/internal/redis"
)

// EngineOptions say where a cluster's Redis is. The passwords are those of the configuration that is in force when a
// connection is made.
func EngineOptions(c *clustersection.Cluster, current func() *clustersection.Cluster) redis.Options {
	o := redis.Options{Database: c.Redis.Database, User: c.User,
		Password:         func() (string, error) { return current().Password, nil },
		SentinelPassword: func() (string, error) { return current().SentinelPassword, nil },
	}
	if c.Redis.Sentinel != "" {
		o.Sentinel, o.Sentinels = c.Redis.Sentinel, c.Redis.Addresses
	} else {
		o.Address = c.Redis.Addresses[0]
	}
	if c.Redis.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		if len(c.CA) > 0 {
			o.TLS.RootCAs = x509.NewCertPool()
			o.TLS.RootCAs.AppendCertsFromPEM(c.CA) // the configuration has looked at it
		}
	}
	return o
}

// Look asks what a configuration names for its own settings, the Redis of a cluster and the providers of the
// sign-in, and returns what is not as it should be, at the lines of the file at path.
func Look(ctx context.Context, c *config.Config, path string) config.Problems {
	return append(lookAtEngine(ctx, c, path), lookAtProviders(ctx, c, path)...)
}

// lookAtEngine asks the Redis of a cluster.
func lookAtEngine(ctx context.Context, c *config.Config, path string) config.Problems {
	if !c.Cluster.Named() {
		return nil
	}
	at := config.Problem{File: path}
	at.Line, at.Column = c.Place("cluster", "redis")
	found, err := redis.Look(ctx, EngineOptions(&c.Cluster, func() *clustersection.Cluster { return &c.Cluster }))
	if err != nil {
		at.Text, at.Mend, at.Passing = fmt.Sprintf("redis: %v", err), mendOf(err, &c.Cluster), true
		return config.Problems{at}
	}
	var problems config.Problems
	for _, f := range found {
		at.Warning, at.Text, at.Mend = !f.Bad, "redis: "+f.Text, f.Mend
		problems = append(problems, at)
	}
	return problems
}

// mendOf says what to do about an engine that did not answer as it should.
func mendOf(err error, c *clustersection.Cluster) string {
	switch {
	case !errors.Is(err, cluster.ErrAway):
		return "correct what it is asked with"
	case c.Redis.TLS && errors.Is(err, context.DeadlineExceeded):
		return "look whether TLS is spoken there, or use redis:// on this machine"
	}
	return "start it, or correct the address"
}
