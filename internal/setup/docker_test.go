package setup

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"usher/internal/setup/luaread"
)

// TestDockerFiles: the files of deploy/docker-jitsi are those that are printed, and are what they seem.
func TestDockerFiles(t *testing.T) {
	files, err := Docker(Later{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Secret {
			continue
		}
		name := "../../deploy/docker-jitsi/" + strings.TrimPrefix(f.Name, "usher/")
		if *update {
			if err := os.WriteFile(name, []byte(f.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(name); err != nil || string(want) != f.Text {
			t.Errorf("%s is not what is printed: %v; -update writes it", name, err)
		}
		if strings.Contains(f.Text, "@A") || strings.Contains(f.Text, "@K") || strings.Contains(f.Text, "@G") {
			t.Errorf("%s has a place that is not filled in\n%s", f.Name, f.Text)
		}
		var any map[string]any
		if strings.HasSuffix(f.Name, "ml") {
			if err := yaml.Unmarshal([]byte(f.Text), &any); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
	for _, o := range []Options{{Host: "a b"}, {AppID: `a"b`}, {AppID: "a'b"}, {AppID: "a\nb"}} {
		if _, err := Docker(Later{}, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestDockerOrigin: the page's origin has the port of PUBLIC_URL, which browsers write unless it is that of https.
func TestDockerOrigin(t *testing.T) {
	for name, want := range map[string]string{"": "meet.example.com", "Meet.Example.org": "meet.example.org",
		"meet.example.org:8443": "meet.example.org:8443", "meet.example.org:443": "meet.example.org"} {
		files, err := Docker(Later{}, Options{Host: name})
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(files); !strings.Contains(text, `origins: ["https://`+want+`"]`) {
			t.Errorf("%s: %s is not among the origins\n%s", name, want, text)
		}
	}
	for _, name := range []string{"https://meet.example.org", "meet.example.org:", "meet.example.org:0", "meet.example.org:08443", "meet.example.org:70000"} {
		if _, err := Docker(Later{}, Options{Host: name}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// env reads lines of a .env: in single quotes everything stands for itself.
func env(t *testing.T, text string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if quoted := strings.HasPrefix(value, "'"); quoted {
			value = strings.TrimSuffix(strings.TrimPrefix(value, "'"), "'")
			found = found && !strings.Contains(value, "'")
		} else {
			found = found && !strings.ContainsAny(value, " #\"$\\")
		}
		if !found {
			t.Errorf("no line of .env: %s", line)
		}
		all[name] = value
	}
	return all
}

// TestDockerLua: the lines, put where the image puts them, set what they should, and nothing behind them stands in a
// section of ours.
func TestDockerLua(t *testing.T) {
	for _, shared := range []bool{false, true} {
		files, err := Docker(Random{}, Options{Host: "meet.example.org", AppID: "acme", HS256: shared})
		if err != nil {
			t.Fatal(err)
		}
		values := env(t, files[0].Text)
		lua := "component_ports = { }\n" + strings.ReplaceAll(values["GLOBAL_CONFIG"], `\n`, "\n") +
			"\nnetwork_backend = \"epoll\"\nVirtualHost \"meet.jitsi\"\napp_secret = \"" + values["JWT_APP_SECRET"] + "\"\n" +
			"Component \"muc.meet.jitsi\" \"muc\"\nmodules_enabled = { \"token_verification\" }\n"
		events, err := luaread.Read(t.Context(), lua)
		if err == luaread.ErrNoLua && os.Getenv("CI") == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		p := &prosody{files: []*luaFile{{events: events}}}
		if _, global := p.find(luaread.Global, "network_backend"); !global {
			t.Error("what follows is not global")
		}
		if p.module("muc.meet.jitsi") != "muc" || len(p.texts("muc.meet.jitsi", "admins")) != 2 ||
			p.text("usher.meet.jitsi", "component_secret")+"\n" != files[4].Text {
			t.Errorf("%+v", events)
		}
		believed := p.text("meet.jitsi", "app_secret")
		if public, err := (Random{}).Public(files[3].Text); !shared && (err != nil || public != believed) ||
			shared && believed+"\n" != files[3].Text {
			t.Errorf("Prosody believes %q: %v", believed, err)
		}
		if _, told := values["JWT_SIGN_TYPE"]; told == shared || values["JWT_APP_ID"] != "acme" {
			t.Errorf("%v", values)
		}
	}
}
