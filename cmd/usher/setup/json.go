package setup

import (
	"usher/internal/setup"
	"usher/internal/setup/apply"
	"usher/internal/setup/hunks"
)

// What usher setup jitsi --json prints. No text of it has a secret.
type planned struct {
	Host     string    `json:"host"`
	Changes  []changed `json:"changes"`
	ByHand   []left    `json:"by_hand"`
	Notes    []string  `json:"notes"`
	Commands []string  `json:"commands"`        // that --write runs
	Lacks    string    `json:"lacks,omitempty"` // what has to be there before --write
	Blocked  bool      `json:"blocked"`         // none of Jitsi's files is changed before the lines by hand are there
	Written  bool      `json:"written"`         // if blocked, what is usher's own
}

type changed struct {
	Path   string `json:"path"`
	Of     string `json:"of"`
	New    bool   `json:"new"`
	Secret bool   `json:"secret"`         // its content is not shown
	Diff   string `json:"diff,omitempty"` // unified
}

type left struct {
	Of    string   `json:"of"`
	Where string   `json:"where"`
	Why   string   `json:"why"`
	Lines []string `json:"lines"`
}

func plannedOf(p *setup.Plan, lacks error, write bool) planned {
	out := planned{Host: p.Host, Changes: []changed{}, ByHand: []left{}, Notes: append([]string{}, p.Notes...),
		Commands: append([]string{}, apply.Commands(p)...), Blocked: p.Blocked(), Written: write}
	if lacks != nil {
		out.Lacks = lacks.Error()
	}
	for _, c := range p.Changes {
		one := changed{Path: c.Path, Of: string(c.Of), New: c.Made, Secret: c.Hidden}
		if !c.Hidden {
			one.Diff = hunks.Unified(c.Path, c.Old, c.New, p.Secrets)
		}
		out.Changes = append(out.Changes, one)
	}
	for _, h := range p.ByHand {
		one := left{Of: string(h.Of), Where: h.Where, Why: h.Why, Lines: []string{}}
		for _, line := range h.Lines {
			one.Lines = append(one.Lines, hunks.Mask(line, p.Secrets))
		}
		out.ByHand = append(out.ByHand, one)
	}
	return out
}

// What usher setup jitsi --docker --json prints.
type composed struct {
	Files   []composedFile `json:"files"`
	Written bool           `json:"written"`
}

type composedFile struct {
	Name   string `json:"name"`
	Secret bool   `json:"secret"`         // its content is not shown
	Text   string `json:"text,omitempty"` // as far as it is not written: then there are secrets in it
}

func composedOf(files []setup.DockerFile, write bool) composed {
	out := composed{Files: []composedFile{}, Written: write}
	for _, f := range files {
		one := composedFile{Name: f.Name, Secret: f.Secret}
		if !write && !f.Secret {
			one.Text = f.Text
		}
		out.Files = append(out.Files, one)
	}
	return out
}
