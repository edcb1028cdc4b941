package text

import "regexp"

// Help is what an operator is told of a reason, in Markdown and with links as in
// docs/reasons.md, which is made of it.
type Help struct {
	Meaning string // what is wrong
	Cause   string // how that comes about; empty where there is nothing to say
	Mend    string // what to do; likewise
}

var pageLink = regexp.MustCompile(`\[([^\]]+)\]\(([\w-]+\.md)[^)]*\)`)

// WithoutLinks names the pages to which a help leads, for where nobody follows a link.
func WithoutLinks(help string) string {
	return pageLink.ReplaceAllStringFunc(help, func(link string) string {
		m := pageLink.FindStringSubmatch(link)
		if m[1] == m[2] {
			return "docs/" + m[2]
		}
		return m[1] + " (docs/" + m[2] + ")"
	})
}
