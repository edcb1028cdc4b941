package online

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"usher/auth/signin"
	"usher/internal/config"
	"usher/internal/text"
)

// lookAtProviders asks the providers of the sign-in what they say of themselves.
func lookAtProviders(ctx context.Context, c *config.Config, path string) config.Problems {
	var problems config.Problems
	for _, host := range slices.Sorted(maps.Keys(c.Login.Hosts)) {
		h := c.Login.Hosts[host]
		err := signin.Look(ctx, h.Provider)
		if err == nil {
			continue
		}
		what, mend, _ := strings.Cut(err.Error(), "; ")
		p := config.Problem{File: path,
			Text: "login: nobody can sign in at " + text.Name(host) + ": the provider: " + what,
			Mend: cmp.Or(mend, "look at the provider, and at issuer and ca_file"), Passing: true}
		p.Line, p.Column = c.Place("login", "hosts", host, "issuer")
		problems = append(problems, p)
	}
	return problems
}
