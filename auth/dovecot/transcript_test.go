package dovecot

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestTranscripts plays the client's lines and compares the server's; both
// over a pipe and over a Unix socket.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("../../testdata/dovecot/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file)+"/socket", func(t *testing.T) {
			play(t, dial(t, unixServer(t, &Server{Auth: &stub{}})), string(text))
		})
		t.Run(filepath.Base(file)+"/pipe", func(t *testing.T) {
			l := newPipeListener()
			ctx, cancel := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- (&Server{Auth: &stub{}}).Serve(ctx, l) }()
			play(t, l.dial(t), string(text))
			cancel()
			if err := <-served; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// play reads "> " as what the client sends, "< " as what it must receive,
// with the wildcards of path.Match for what differs each time, and "<." as
// the end of the connection.
func play(t *testing.T, p *peer, text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "<.":
			p.expectEnd()
		case strings.HasPrefix(line, "> "):
			p.send(line[2:] + "\n")
		case strings.HasPrefix(line, "< "):
			got := p.line()
			if same, err := path.Match(line[2:], got); err != nil || !same {
				t.Fatalf("got  %q, %v\nwant %q", got, err, line[2:])
			}
		default:
			t.Fatalf("what is %q?", line)
		}
	}
}
