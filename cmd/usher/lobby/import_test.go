package lobby

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"usher/cmd/usher/cmdline"
)

// answering is a configuration of a daemon that gives one answer.
func answering(t *testing.T, answer string) (config string) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", dir+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(answer))
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	config = dir + "/usher.yaml"
	if err := os.WriteFile(config, []byte("listen: {admin: "+dir+"/admin.sock}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// TestImportTellsWhoKnows: which other ushers have a list is said to people and to programs, as of other changes.
func TestImportTellsWhoKnows(t *testing.T) {
	const of = `{"has":["a"],"missing":[],"text":"1 of 2 nodes","problem":"not all have it"}`
	config := answering(t, `{"added":1,"warning":"careful","cluster":`+of+`}`)
	for flag, want := range map[string]string{
		"--json":          `{"added":1,"removed":0,"problems":[],"warning":"careful","cluster":` + of + `}`,
		"--replace=false": "warning: careful\nthe cluster: 1 of 2 nodes\n  not all have it\n1 on the whitelist, 0 taken off",
	} {
		var said bytes.Buffer
		code := cmdline.Run(cmdline.NewApp("", Command()), []string{"usher", "lobby", "import", "--config", config, flag, "-"},
			strings.NewReader("a@h\n"), &said, &said)
		if code != 0 || said.String() != want+"\n" {
			t.Errorf("%s: exit %d, %s", flag, code, said.String())
		}
	}
}
