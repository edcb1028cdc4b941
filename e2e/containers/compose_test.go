package containers

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// deploy is the folder with the examples for operators.
const deploy = "../../deploy"

// TestCompose: the reader that docker compose is made of takes the file, and both containers share the socket's folder,
// have the files that their configurations name, and publish nothing that strangers should not reach.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{deploy + "/docker/compose.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	usher, prosody := project.Services["usher"], project.Services["prosody"]
	if !usher.ReadOnly || !slices.Equal(usher.CapDrop, []string{"ALL"}) || usher.User != "" {
		t.Errorf("usher may more than it needs: %+v", usher)
	}
	for _, row := range []struct {
		service      types.ServiceConfig
		target, from string
		readable     bool
	}{
		{usher, "/etc/usher", "docker/usher", true},
		{usher, "/run/usher", "usher-run", false},
		{usher, "/var/lib/usher", "usher-state", false},
		{prosody, "/run/usher", "usher-run", true},
		{prosody, "/etc/usher/http.secret", "docker/usher/http.secret", true},
		{prosody, "/etc/usher/component.secret", "docker/usher/component.secret", true},
		{prosody, "/var/lib/prosody", "prosody-data", false},
	} {
		v, found := volume(row.service, row.target)
		if !found || !strings.HasSuffix(filepath.ToSlash(v.Source), row.from) || v.ReadOnly != row.readable {
			t.Errorf("%s has %+v at %s", row.service.Name, v, row.target)
		}
	}
	if slices.ContainsFunc(prosody.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Target == "/etc/usher" || strings.HasSuffix(v.Target, "my-app.secret")
	}) {
		t.Error("Prosody can read what signs tokens")
	}
	for _, p := range usher.Ports {
		if p.HostIP != "127.0.0.1" || p.Target == 8280 {
			t.Errorf("usher publishes %+v", p)
		}
	}
	if len(prosody.Ports) != 1 || prosody.Ports[0].Target != 5222 {
		t.Errorf("Prosody publishes %+v", prosody.Ports)
	}
	if !slices.Equal(prosody.GroupAdd, []string{"65532"}) ||
		prosody.DependsOn["usher"].Condition != types.ServiceConditionStarted {
		t.Errorf("Prosody is in the groups %v and waits for %v", prosody.GroupAdd, prosody.DependsOn)
	}
}

// TestTrustedProxy: usher believes nobody of another's address but what comes from the machine itself, which is the
// gateway of the network that the file makes.
func TestTrustedProxy(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{deploy + "/docker/compose.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := project.Networks["default"].Ipam.Config
	if len(made) != 1 {
		t.Fatalf("the network is %+v", made)
	}
	subnet, err := netip.ParsePrefix(made[0].Subnet)
	gateway, wrong := netip.ParseAddr(made[0].Gateway)
	if err := errors.Join(err, wrong); err != nil || !subnet.Contains(gateway) || !subnet.Addr().IsPrivate() {
		t.Errorf("the network is %+v: %v", made[0], err)
	}
	text, err := os.ReadFile(deploy + "/docker/usher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\n  trusted_proxies: [" + gateway.String() + "] "; !strings.Contains(string(text), want) {
		t.Errorf("usher.yaml has no line%s", want)
	}
	for name, s := range project.Services {
		if _, own := s.Networks["default"]; len(s.Networks) != 1 || !own {
			t.Errorf("%s is in the networks %v", name, s.Networks)
		}
	}
}

// TestSecretsStay: the folders that the operator fills with secrets get into no image and no commit.
func TestSecretsStay(t *testing.T) {
	for file, lines := range map[string][]string{
		deploy + "/docker/.dockerignore": {"usher", "certs"},
		"../../.gitignore":               {"/deploy/docker/usher/", "/deploy/docker/certs/"},
		"../../.dockerignore":            {"deploy"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !slices.Contains(strings.Split(string(text), "\n"), line) {
				t.Errorf("%s has no line %s", file, line)
			}
		}
	}
}

func volume(s types.ServiceConfig, target string) (types.ServiceVolumeConfig, bool) {
	i := slices.IndexFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == target })
	if i < 0 {
		return types.ServiceVolumeConfig{}, false
	}
	return s.Volumes[i], true
}
