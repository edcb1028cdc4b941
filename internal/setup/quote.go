package setup

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"usher/internal/prosodyconf"
)

var hostShape = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// hostName returns a host's name in lower case, if it can be one: it becomes part of paths, and of other names.
func hostName(s string) (string, bool) {
	s = strings.ToLower(s)
	return s, len(s) <= 200 && hostShape.MatchString(s)
}

// luaQuote makes a string of Lua in one line.
func luaQuote(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		quoted := prosodyconf.Quote(line)
		lines[i] = quoted[1 : len(quoted)-1]
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

var plainYAML = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9._@/-]*$`)

// yamlQuote makes a text of YAML: plain only where every reader takes it for a text.
func yamlQuote(s string) string {
	words := []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
	if plainYAML.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s) // all that Go escapes YAML does, too
}

// yamlList makes a list of texts.
func yamlList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = yamlQuote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var fileShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// fileName makes a file's name of an issuer's, if it can be one and usher has no other file of that name.
func fileName(issuer string) string {
	name := strings.ToLower(issuer)
	taken := strings.HasPrefix(name, "inner") || slices.Contains([]string{"component", "http", "usher"}, name)
	if fileShape.MatchString(issuer) && !taken {
		return issuer
	}
	return "outer"
}
