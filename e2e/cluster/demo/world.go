package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher/e2e/prosody"
	"usher/e2e/redis"
)

const host = "meet.example.com"

// A demo is a folder with two shards, and the engine by which their ushers know the same.
type demo struct {
	out     io.Writer
	dir     string
	program string // that is shown
	secret  string // that signs tokens

	primary, replica, sentinel *redis.Server
	east, west                 *shard
}

// A shard is a Prosody and its two ushers: the second is asked where the first is not there.
type shard struct {
	name    string
	prosody *prosody.Server
	door    *door
	ushers  [2]*usher
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// start brings up Redis, then the ushers, and then the Prosodys, which want a socket.
func (d *demo) start(ctx context.Context) error {
	for name, secret := range map[string]*string{"my-app.secret": &d.secret, "cluster.secret": new(string)} {
		*secret = rand.Text() + rand.Text()
		if err := os.WriteFile(d.path(name), []byte(*secret+"\n"), 0o600); err != nil {
			return err
		}
	}
	if err := d.startRedis(ctx); err != nil {
		return err
	}
	d.east, d.west = &shard{name: "east"}, &shard{name: "west"}
	for s, nodes := range map[*shard][2]string{d.east: {"a1", "a2"}, d.west: {"b1", "b2"}} {
		if err := d.startShard(ctx, s, nodes); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "Two Prosodys %s, with ushers a1, a2 at east and b1, b2 at west, and Redis run in %s.\n",
		d.east.prosody.Install().Release, d.dir)
	return nil
}

func (d *demo) startRedis(ctx context.Context) (err error) {
	lines := []string{"appendonly yes", "appendfsync everysec"}
	if d.primary, err = redis.Start(ctx, redis.Config{Dir: d.path("redis1"), Lines: lines}); err != nil {
		return err
	}
	d.replica, err = redis.Start(ctx, redis.Config{Dir: d.path("redis2"), Primary: d.primary.Address(), Lines: lines})
	if err != nil {
		return err
	}
	d.sentinel, err = redis.StartSentinel(ctx, redis.Config{Dir: d.path("sentinel")}, "usher", d.primary, 1)
	if err != nil {
		return err
	}
	return until(ctx, "Sentinel knows the replica", func() error {
		said, err := d.sentinel.CLI(ctx, "INFO", "sentinel")
		if err == nil && !strings.Contains(said, "slaves=1") {
			err = errors.New(said)
		}
		return err
	})
}

func (d *demo) startShard(ctx context.Context, s *shard, nodes [2]string) (err error) {
	for i, name := range nodes {
		s.ushers[i] = &usher{name: name, dir: d.path(name), program: d.program}
		if err := s.ushers[i].configure(d, s.name); err != nil {
			return err
		}
		if err := s.ushers[i].start(ctx); err != nil {
			return err
		}
	}
	first, second := s.ushers[0].path("auth.sock"), s.ushers[1].path("auth.sock")
	if s.door, err = openDoor(d.path(s.name+".sock"), first, second); err != nil {
		return err
	}
	s.prosody, err = prosody.Start(ctx, prosody.Config{Dir: d.path("prosody-" + s.name), LogLevel: "info",
		Hosts: []prosody.Host{{Name: host, Lines: fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\n"+
			"service_name = %q\n", d.path(s.name+".sock"), host)}}})
	return err
}

// ushers are all that were started.
func (d *demo) ushers() (list []*usher) {
	for _, s := range []*shard{d.east, d.west} {
		if s == nil {
			continue
		}
		for _, u := range s.ushers {
			if u != nil {
				list = append(list, u)
			}
		}
	}
	return list
}

// close ends what runs and removes the folder.
func (d *demo) close() error {
	var errs []error
	for _, s := range []*shard{d.east, d.west} {
		if s != nil && s.prosody != nil {
			errs = append(errs, s.prosody.Stop())
		}
		if s != nil && s.door != nil {
			s.door.close()
		}
	}
	for _, u := range d.ushers() {
		errs = append(errs, u.stop())
	}
	for _, s := range []*redis.Server{d.sentinel, d.replica, d.primary} {
		if s != nil {
			errs = append(errs, s.Stop())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// withLogs adds what the Prosodys and the ushers said last.
func (d *demo) withLogs(err error) error {
	const most = 2000
	for _, s := range []*shard{d.east, d.west} {
		if s != nil && s.prosody != nil {
			log := s.prosody.Log()
			err = fmt.Errorf("%w\n\nthe log of Prosody at %s ends with:\n%s", err, s.name, log[max(0, len(log)-most):])
		}
	}
	for _, u := range d.ushers() {
		log, errRead := os.ReadFile(u.path("log"))
		if errRead != nil {
			log = []byte(errRead.Error())
		}
		err = fmt.Errorf("%w\n\nthe log of %s ends with:\n%s", err, u.name, log[max(0, len(log)-most):])
	}
	return err
}

// until waits until something is so.
func until(ctx context.Context, what string, ok func() error) error {
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %w", what, ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
