// Command tpl stands in for jitsi/tpl, with which docker-jitsi-meet's images make their files: tpl FILE renders a
// template of Go's with sprig's functions, toBool, and the environment as .Env.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "tpl FILE")
		os.Exit(2)
	}
	if err := render(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tpl:", err)
		os.Exit(1)
	}
}

func render(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	functions := sprig.TxtFuncMap()
	functions["toBool"] = toBool
	t, err := template.New(file).Funcs(functions).Parse(string(text))
	if err != nil {
		return err
	}
	// The values are of any type: a variable that is not set is nil then, and no empty string.
	env := map[string]any{}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return t.Execute(os.Stdout, map[string]any{"Env": env})
}

// toBool has the awkward habit of the original: quotes do not count, what reads as a boolean is one, so that a secret
// of "0", "f" or "false" is none, and any other text is true.
func toBool(value any) (bool, error) {
	switch v := value.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case int:
		return v != 0, nil
	case string:
		v = strings.NewReplacer(`"`, "", "'", "").Replace(v)
		if yes, err := strconv.ParseBool(v); err == nil {
			return yes, nil
		}
		return v != "", nil
	}
	return false, fmt.Errorf("toBool of a %T", value)
}
