package layout

import "html/template"

// A Message is what a page shows that says something and has no more: an error, a page that is not there.
type Message struct {
	Lines []string
	Back  *Link // where to go from there; nil: nowhere
}

// Message returns the template of pages whose View has a [Message] for Content.
func (l *Layout) Message() *Template {
	const page = `{{define "content"}}{{template "message" .}}{{end}}`
	return &Template{l, template.Must(template.Must(l.base.Clone()).Parse(page))}
}
