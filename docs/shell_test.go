package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stubs stand for what a test cannot do: install packages, add users, start services. So usher try finds nobody, and is
// only not to be called wrongly. A clone is a folder with what the pages take from it, and apt installs usher's package
// alone (e2e/install does it for real), on a machine that has none of usher's files yet, as each page's ways begin there.
const stubs = `
apt-get() { :; }; adduser() { :; }; chgrp() { :; }; systemctl() { :; }
prosodyctl() { :; }; nginx() { :; }; make() { :; }; docker() { :; }
apt() {
	local name
	rm -rf "${ROOT:?}"/etc/usher/*
	for name in my-app http component; do openssl rand -hex 32 > "$ROOT/etc/usher/$name.secret"; done
	install -m 0640 "$CLONE/deploy/debian/usher.yaml" "$ROOT/etc/usher/usher.yaml"
	(cd "$ROOT/etc/usher" && sha256sum -- *.secret usher.yaml > .made-by-package)
}
git() { ln -sfn "$CLONE" usher; }
runuser() { shift 3; "$@"; }
usher() {
	case $1 in
	setup) command usher "$@" --root "$ROOT" ;;
	check) command usher "$@" --files-only ;;
	try) command usher "$@" || [ $? = 1 ] ;;
	*) command usher "$@" ;;
	esac
}
install() {
	local args=() file
	while (($#)); do case $1 in -o|-g) shift 2;; *) args+=("$1"); shift;; esac; done
	command install "${args[@]}"
	file=${args[-1]}
	if [[ $file == *.yaml ]]; then sed -i -E "s#([^A-Za-z.])/(etc|run|var)/#\1$ROOT/\2/#g" "$file"; fi
}
`

// TestShell runs everything that the pages give to paste into a shell, page by page, from the first line to the last.
func TestShell(t *testing.T) {
	run := 0
	for _, p := range pages(t) {
		if !slices.ContainsFunc(p.blocks, func(b block) bool { return b.language == "sh" }) {
			continue
		}
		run++
		runPage(t, p)
	}
	if run < 4 {
		t.Errorf("only %d pages have something to paste", run)
	}
}

func runPage(t *testing.T, p page) {
	t.Helper()
	dir := newSandbox(t)
	script := scriptOf(p, dir)
	if strings.Contains(script, "usher prosody") && !strings.Contains(script, "/etc/usher/usher.yaml") {
		t.Errorf("%s: it calls usher and has no configuration", p.name)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ROOT="+dir, "CLONE="+dir+"/clone",
		"USHER_CONFIG="+dir+"/etc/usher/usher.yaml", "PATH="+workFolder+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", p.name, err, out)
	}
	letIn := regexp.MustCompile(`allowed as alice@(meet\.example\.com|chat\.example\.org)`).Match(out) ||
		strings.Contains(string(out), "the user is alice\n") && strings.Contains(string(out), "allowed, with a random account")
	if strings.Contains(script, "token mint") && !letIn {
		t.Errorf("%s: its token is not let in\n%s", p.name, out)
	}
}

// scriptOf joins what a page gives to paste. A configuration that the page tells to write is written with the secrets that
// its own commands have made.
func scriptOf(p page, dir string) string {
	var script strings.Builder
	script.WriteString("set -euo pipefail\n" + stubs)
	for _, b := range p.blocks {
		switch {
		case b.language == "sh":
			script.WriteString("echo '== " + b.String() + "'\n" + pasted(b.text, dir))
		case b.language == "yaml" && strings.Contains(b.before, "`/etc/usher/usher.yaml`"):
			text := inSandbox(b.text+"state: \"memory:\"\n", dir)
			script.WriteString("cat > " + dir + "/etc/usher/usher.yaml <<'END'\n" + text + "END\n")
		}
	}
	return script.String()
}

// pasted is a block as it runs below dir. A token that it makes is explained.
func pasted(text, dir string) string {
	text = strings.ReplaceAll(inSandbox(text, dir), "<address of this repository>", "address")
	return regexp.MustCompile(`(?m)^(usher token mint[^#\n]*)`).ReplaceAllString(text, "$1 | usher token explain - ")
}

// newSandbox makes the folders that the pages expect on a machine, and a clone of the repository with what they take
// from it.
func newSandbox(t *testing.T) string {
	t.Helper()
	file, err := usherBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, folder := range []string{"clone/bin", "etc/usher", "etc/systemd/system", "etc/nginx/sites-available", "etc/prosody/conf.d",
		"etc/redis", "usr/local/bin", "run/usher", "var/lib/usher"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deploy, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"clone/deploy": deploy, "clone/bin/usher": file} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	putJitsi(t, dir)
	return dir
}

// putJitsi writes what usher setup jitsi reads: the lines of Prosody and jicofo that matter, and the users.
func putJitsi(t *testing.T, dir string) {
	t.Helper()
	me := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	for name, text := range map[string]string{
		"etc/passwd": "usher:x:" + me + "::/:\nprosody:x:" + me + "::/:\n",
		"etc/group":  fmt.Sprintf("usher:x:%d:prosody\n", os.Getgid()),
		"etc/prosody/prosody.cfg.lua": `VirtualHost "meet.example.com"
  authentication = "token"
  app_id = "my-app"
  app_secret = "0123456789abcdef0123456789abcdef"
  main_muc = "conference.meet.example.com"
Component "conference.meet.example.com" "muc"
  modules_enabled = { "token_verification" }
  admins = { "focus@auth.meet.example.com" }
`,
		"etc/jitsi/jicofo/jicofo.conf": "jicofo { }\n",
		"etc/nginx/sites-available/meet.example.com.conf": "upstream prosody {\n    server 127.0.0.1:5280;\n}\n" +
			"server {\n    server_name meet.example.com;\n}\n",
	} {
		putFile(t, filepath.Join(dir, name), text)
	}
}

// TestTargets: a target of make that a page names is one, and so is a test that it runs.
func TestTargets(t *testing.T) {
	makefile := readFile(t, "Makefile")
	n := 0
	for _, p := range pages(t) {
		texts := p.code()
		for _, b := range p.blocks {
			texts = append(texts, strings.Split(b.text, "\n")...)
		}
		for _, text := range texts {
			if m := regexp.MustCompile(`^make ([a-z]+)`).FindStringSubmatch(text); m != nil {
				if n++; !strings.Contains(makefile, "\n"+m[1]+":") {
					t.Errorf("%s: there is no target %s", p.name, m[1])
				}
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d targets were found", n)
	}
}

// TestLanguages: each block is in a language whose blocks one of the tests here tries, so that none is forgotten.
func TestLanguages(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if !slices.Contains([]string{"sh", "console", "yaml", "nginx", "js", "hocon", "json"}, b.language) {
				t.Errorf("%v: no test tries such a block", b)
			}
		}
		for line := range strings.SplitSeq(p.prose, "\n") {
			if strings.HasPrefix(line, "    ") && !strings.Contains(line, "https://") {
				t.Errorf("%s: a block without a language: %s", p.name, line)
			}
		}
	}
}
