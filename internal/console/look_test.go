package console

import (
	"html/template"
	"net/http"

	"usher/internal/console/access"
	"usher/internal/console/route"
)

// plainLook is a [route.Look] without style and script.
type plainLook struct{}

var plain = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>usher</title>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
{{if .Form}}<form method="post" action="/enter"><label>Code from the link <input name="code" autocomplete="off" required></label>
<button>Enter</button></form>{{end}}
{{with .SignIn}}<p><a href="{{.}}">Sign in</a></p>{{end}}</html>
`))

type plainPage struct {
	route.EnterPage
	Form bool
}

// Error implements [route.Look].
func (plainLook) Error(w http.ResponseWriter, r *http.Request, status int, text string) {
	v, _ := access.FromContext(r.Context())
	w.Header().Set("Test-Viewer", v.Name())
	answer(w, plainPage{EnterPage: route.EnterPage{Status: status, Problem: text}})
}

// Enter implements [route.Look].
func (plainLook) Enter(w http.ResponseWriter, _ *http.Request, p route.EnterPage) {
	answer(w, plainPage{p, true})
}

func answer(w http.ResponseWriter, p plainPage) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_ = plain.Execute(w, p) // the browser is gone if this fails
}
