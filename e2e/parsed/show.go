package parsed

import (
	"fmt"
	"slices"
	"strings"

	"usher/auth/gateway/stanza"
)

// Show spells an element of the gateway as an [Oracle] does: its name, its namespace, its attributes in order, what
// it holds, and its text. At the top the namespace of BOSH is that of stanzas in a body, as it is to Prosody, and the
// language of the stream is left out.
func Show(e stanza.Element, by Way) (string, error) {
	if by == BOSH && e.Name.Space == stanza.NamespaceBOSH {
		e.Name.Space = stanza.NamespaceClient
	}
	return show(e, true)
}

const (
	namespaceXML = "http://www.w3.org/XML/1998/namespace"
	separator    = "\x01" // as Prosody's parser has it between a namespace and a name
)

func show(e stanza.Element, top bool) (string, error) {
	var b strings.Builder
	b.WriteString("(" + escape(e.Name.Local) + " " + escape(e.Name.Space))
	for _, attribute := range attributes(e, top) {
		b.WriteString(attribute)
	}
	inside, err := e.Children()
	if err != nil {
		return "", err
	}
	for _, one := range inside {
		shown, err := show(one, false)
		if err != nil {
			return "", err
		}
		b.WriteString(shown)
	}
	if text := e.Text(); text != "" {
		b.WriteString("'" + escape(text))
	}
	b.WriteString(")")
	return b.String(), nil
}

func attributes(e stanza.Element, top bool) (list []string) {
	for _, a := range e.Attr {
		switch {
		case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns":
			continue
		case top && a.Name.Space == namespaceXML && a.Name.Local == "lang":
			continue
		}
		name := a.Name.Local
		if a.Name.Space != "" {
			name = a.Name.Space + separator + name
		}
		list = append(list, " "+escape(name)+"="+escape(a.Value))
	}
	slices.Sort(list)
	return list
}

func escape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._:/#", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}
