package auth

import (
	"fmt"

	"usher/auth/keys"
)

// Prepared are rules that were checked and built, and are not in force yet.
// They may be dropped without a trace.
type Prepared struct {
	verifier *Verifier
	rules    *rules
	keys     *keys.Prepared
}

// Prepare checks and builds rules. Everything that can fail fails here; what is
// in force stays. Only one goroutine may prepare and commit.
func (v *Verifier) Prepare(c Config) (*Prepared, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("token rules: %w", err)
	}
	keys := v.keys.Prepare()
	p := &Prepared{verifier: v, rules: newRules(c, keys.Set), keys: keys}
	if err := keys.Err(); err != nil {
		return nil, fmt.Errorf("token rules: %w", err)
	}
	return p, nil
}

// Commit puts the rules in force, as a whole. Keys that they do not have are
// dead when it returns, and so is every cached verdict.
func (p *Prepared) Commit() {
	p.rules.keepUse(p.verifier.rules.Load(), p.verifier.now())
	p.verifier.rules.Store(p.rules)
	p.keys.Commit()
	p.verifier.CountKeys()
}

// HoldsKey is [Verifier.HoldsKey] by these rules, whether or not they are in
// force: who decides about joins keeps it beside the rules for rooms, so that
// no join is decided by the rooms of one configuration and the keys of another.
func (p *Prepared) HoldsKey(host, issuer, keyPrint string) bool {
	return p.rules.holdsKey(host, issuer, keyPrint)
}

// Reload is Prepare and Commit.
func (v *Verifier) Reload(c Config) error {
	p, err := v.Prepare(c)
	if err != nil {
		return err
	}
	p.Commit()
	return nil
}
