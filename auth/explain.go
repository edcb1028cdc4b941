package auth

import (
	"encoding/json"
	"strings"

	"usher/auth/inner"
	"usher/internal/text"
)

// A Report is what [Verifier.Explain] found: the verdict and every line of
// the list of checks.
type Report struct {
	Allowed bool        `json:"allowed"`
	Reason  Reason      `json:"reason,omitempty"` // of the first check that failed
	Account string      `json:"account,omitempty"`
	Checks  []CheckLine `json:"checks"`

	// Affiliation is what the account would be in the room that was asked
	// about. The package that knows rooms fills it in.
	Affiliation string `json:"affiliation,omitempty"`

	// Inner is what Jitsi's modules would be told of the token, on a host with a relay,
	// if its signature is good.
	Inner *InnerReport `json:"inner,omitempty"`

	// Pending says that the token's key is being fetched: in a moment there is
	// more to tell.
	Pending bool `json:"-"`

	// Identity is what a good signature proves, whether or not it is allowed.
	// Its Account is empty if the token names none.
	Identity Identity `json:"-"`
}

// An InnerReport is the inner token that would be made of a token: its claims, and which
// of the token's own are not in it as they were.
type InnerReport struct {
	Claims  json.RawMessage `json:"claims"`
	LeftOut []LeftOut       `json:"left_out,omitempty"`
}

// A LeftOut is a claim that does not pass, and why.
type LeftOut struct {
	Claim string `json:"claim"`
	Why   string `json:"why"`
}

// maxLeftOut bounds what a report lists: a token may have thousands of claims.
const maxLeftOut = 50

// innerReport makes the inner token of a token whose signature is good.
func (a *attempt) innerReport() *InnerReport {
	r := &InnerReport{}
	form := a.formOf(func(claim, why string) {
		if len(r.LeftOut) < maxLeftOut {
			r.LeftOut = append(r.LeftOut, LeftOut{text.Clip(claim), why})
		}
	})
	r.Claims = form.Claims(&a.host.Relay.Rules, inner.Login{Now: a.now, Moderator: form.Moderator(), Features: true})
	return r
}

// A CheckLine is one check of a [Report].
type CheckLine struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Skipped bool   `json:"skipped,omitempty"` // not checked, because of a check above that failed
	Detail  string `json:"detail"`
}

// report runs all checks.
func (a *attempt) report() Report {
	r := Report{Allowed: true, Checks: make([]CheckLine, 0, len(checkList))}
	var have step
	for i := range checkList {
		line, refusal := a.explain(&checkList[i], have)
		r.Checks = append(r.Checks, line)
		switch {
		case line.OK:
			have |= checkList[i].gives
		case refusal != nil && r.Allowed:
			r.Reason, r.Pending = refusal.Reason, refusal.routine && refusal.Reason.Undecided()
			fallthrough
		default:
			r.Allowed = false
		}
	}
	if a.id.Account != "" && have&stepSignature != 0 { // a forged token proves no account
		r.Account = a.id.Account + "@" + a.host.name
	}
	if have&stepSignature != 0 {
		r.Identity = a.id
		r.Identity.Host = a.host.name
		if a.relay {
			r.Inner = a.innerReport()
		}
	}
	return r
}

// explain runs one check if what it needs is there.
func (a *attempt) explain(c *check, have step) (CheckLine, *Refusal) {
	if missing := c.needs &^ have; missing != 0 {
		return NotChecked(c.name, givers(missing)), nil
	}
	if refusal := c.run(a); refusal != nil {
		detail := string(refusal.Reason) + ": " + refusal.Detail
		if c.hint != nil {
			detail += hintOf(c.hint(a))
		}
		if c.gives&(stepKey|stepSignature) != 0 {
			detail += a.issuer.keys.Describe()
		}
		return CheckLine{Name: c.name, Detail: detail}, refusal
	}
	return CheckLine{Name: c.name, OK: true, Detail: c.describe(a)}, nil
}

// NotChecked is the line of a check that rests on another, which failed.
func NotChecked(name, because string) CheckLine {
	return CheckLine{Name: name, Skipped: true, Detail: "not checked, because of " + because}
}

func hintOf(text string) string {
	if text == "" {
		return ""
	}
	return "; " + text
}

// givers names the checks that would have given what is missing.
func givers(missing step) string {
	var names []string
	for i := range checkList {
		if checkList[i].gives&missing != 0 {
			names = append(names, checkList[i].name)
		}
	}
	return strings.Join(names, ", ")
}
