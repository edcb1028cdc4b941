// Command recording answers one question: what does a command print, and how fast? It runs the command and draws what
// came, line by line, as one SVG that plays by itself in a browser and on a page. (asciinema and svg-term record what a
// terminal redraws, and bring Python and npm; what is recorded here prints lines.)
//
//	go run ./scripts/recording -o docs/demo.svg -- make demo
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	out := flag.String("o", "recording.svg", "the `file` to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

// A line is what was printed, and when, from the start of the command.
type line struct {
	at   time.Duration
	text string
}

func run(file string, command []string) error {
	if len(command) == 0 {
		return fmt.Errorf("which command? recording -o FILE -- COMMAND")
	}
	shown := strings.Join(command, " ")
	cmd := exec.Command(command[0], command[1:]...)
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := record(output, begun)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	var picture bytes.Buffer
	draw(&picture, shown, lines)
	return os.WriteFile(file, picture.Bytes(), 0o644)
}

// record notes when each line comes, and passes it on.
func record(output io.Reader, begun time.Time) (lines []line) {
	for in := bufio.NewScanner(output); in.Scan(); {
		fmt.Println(in.Text())
		for _, text := range wrap(in.Text()) {
			lines = append(lines, line{time.Since(begun), text})
		}
	}
	return lines
}

// columns is the width of the terminal that is drawn.
const columns = 100

// wrap cuts a line as a terminal does.
func wrap(text string) (parts []string) {
	runes := []rune(strings.ReplaceAll(text, "\t", "    "))
	for len(runes) > columns {
		parts, runes = append(parts, string(runes[:columns])), runes[columns:]
	}
	return append(parts, string(runes))
}
