package parsed

import (
	"fmt"
	"strings"
)

// A node is an element as an oracle tells it.
type node struct {
	name, space string
	attributes  map[string]string
	inside      []node
	text        string
}

// readNode reads what [Show] spells.
func readNode(shown string) (node, error) {
	n, rest, err := cutNode(shown)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q follows", rest)
	}
	return n, err
}

func cutNode(shown string) (n node, rest string, err error) {
	rest, ok := strings.CutPrefix(shown, "(")
	if !ok {
		return n, "", fmt.Errorf("%q is no element", shown)
	}
	end := strings.IndexAny(rest, "()'")
	if end < 0 {
		return n, "", fmt.Errorf("%q is cut", shown)
	}
	words := strings.Split(rest[:end], " ")
	if len(words) < 2 {
		return n, "", fmt.Errorf("%q has no namespace", shown)
	}
	n.name, n.space, n.attributes = words[0], words[1], map[string]string{}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		n.attributes[name] = value
	}
	rest = rest[end:]
	for strings.HasPrefix(rest, "(") {
		var one node
		if one, rest, err = cutNode(rest); err != nil {
			return n, "", err
		}
		n.inside = append(n.inside, one)
	}
	if text, found := strings.CutPrefix(rest, "'"); found {
		n.text, rest, _ = strings.Cut(text, ")")
		return n, rest, nil
	}
	rest, ok = strings.CutPrefix(rest, ")")
	if !ok {
		return n, "", fmt.Errorf("%q does not end", shown)
	}
	return n, rest, nil
}

func (n node) is(space, name string) bool { return n.space == escape(space) && n.name == name }
