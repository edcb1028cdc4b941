package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// deploy is the folder with the examples for operators.
const deploy = "../../../../deploy"

// standIn has what docker-jitsi-meet's own file has of the services that an overlay changes.
const standIn = `services:
    web:
        image: jitsi/web
        ports:
            - '${HTTP_PORT:-8000}:80'
            - '${HTTPS_PORT:-8443}:443'
        networks:
            meet.jitsi:
    prosody:
        image: jitsi/prosody
        networks:
            meet.jitsi:
                aliases:
                    - xmpp.meet.jitsi
networks:
    meet.jitsi:
`

func project(t *testing.T, files []string, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions(files, cli.WithWorkingDirectory(t.TempDir()), cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

func shard(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	own := filepath.Join(t.TempDir(), "docker-compose.yml")
	if err := os.WriteFile(own, []byte(standIn), 0o600); err != nil {
		t.Fatal(err)
	}
	return project(t, []string{own, deploy + "/docker-jitsi/compose.usher.yml",
		deploy + "/docker-cluster/compose.shard.yml"}, env...)
}

// TestCluster: two shards and what they share find each other by the network that the latter makes, under names of
// their own, and HAProxy alone has ports.
func TestCluster(t *testing.T) {
	shared, err := project(t, []string{deploy + "/docker-cluster/compose.yml"})
	if err != nil {
		t.Fatal(err)
	}
	network := shared.Networks["ushers"].Name
	for _, name := range []string{"redis", "haproxy"} {
		if s := shared.Services[name]; !on(s, "ushers") {
			t.Errorf("%s is not on the network: %v", name, s.Networks)
		}
	}
	redis := strings.Join(shared.Services["redis"].Command, " ")
	for _, word := range []string{"--appendonly yes", "--maxmemory-policy noeviction", "--aclfile"} {
		if !strings.Contains(redis, word) {
			t.Errorf("redis is started without %s: %s", word, redis)
		}
	}
	for _, name := range []string{"shard1", "shard2"} {
		p, err := shard(t, "SHARD="+name)
		if err != nil {
			t.Fatal(err)
		}
		web, usher := p.Services["web"], p.Services["usher"]
		if p.Name != name || p.Networks["ushers"].Name != network || !bool(p.Networks["ushers"].External) {
			t.Errorf("%s: %s on %+v", name, p.Name, p.Networks["ushers"])
		}
		if !on(web, "ushers") || !on(web, "meet.jitsi") || !on(usher, "ushers") || !on(usher, "meet.jitsi") {
			t.Errorf("%s: web is on %v, usher on %v", name, web.Networks, usher.Networks)
		}
		if on(p.Services["prosody"], "ushers") {
			t.Errorf("%s: Prosody can be reached from other shards", name)
		}
		if aliases := web.Networks["ushers"].Aliases; !slices.Equal(aliases, []string{name}) || len(web.Ports) > 0 {
			t.Errorf("%s: web is called %v and has %v", name, aliases, web.Ports)
		}
	}
	if _, err := shard(t); err == nil || !strings.Contains(err.Error(), "SHARD is the name of this shard") {
		t.Errorf("without a name: %v", err)
	}
}

func on(s types.ServiceConfig, network string) bool {
	_, there := s.Networks[network]
	return there
}
