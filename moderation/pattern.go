package moderation

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"

	"usher/internal/bounded"
	"usher/internal/jid"
)

const (
	maxPattern  = 1024    // bytes of a room claim that is a regular expression
	maxPatterns = 1024    // compiled ones that are kept
	maxSteps    = 1000    // of one, with its repetitions written out: each byte of a name may cost so many
	maxKept     = 100_000 // steps of all that are kept: 16 MiB
)

// patterns keeps compiled expressions: a decision is made at each join, and
// people of one meeting have the same claim.
type patterns struct {
	mu   sync.RWMutex
	kept bounded.Map[string, compiled]
}

type compiled struct {
	*regexp.Regexp
	steps int
}

func newPatterns() *patterns {
	return &patterns{kept: bounded.Map[string, compiled]{Most: maxPatterns, Weight: maxKept,
		Weigh: func(_ string, c compiled) int { return c.steps }}}
}

// get compiles an expression over all of a room's name, in which there are no
// capital letters. RE2 syntax is matched in linear time.
func (p *patterns) get(text string) (*regexp.Regexp, error) {
	p.mu.RLock()
	known, there := p.kept.Get(text)
	p.mu.RUnlock()
	if there {
		return known.Regexp, nil
	}
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the regular expression has over %d bytes", maxPattern)
	}
	// By itself first: a parenthesis of its own must not close ours.
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, errors.New("the regular expression cannot be read")
	}
	steps := stepsOf(parsed)
	if steps > maxSteps {
		return nil, fmt.Errorf("with its repetitions written out the regular expression has %d steps, over %d; * and "+
			"+ are one", steps, maxSteps)
	}
	re, err := regexp.Compile(`\A(?i:` + text + `)\z`)
	if err != nil {
		return nil, errors.New("the regular expression cannot be read")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept.Put(text, compiled{re, steps})
	return re, nil
}

// stepsOf says about how many instructions an expression is compiled to. It is
// known before that is done: x{1000} is one word, and a thousand of them.
func stepsOf(re *syntax.Regexp) int {
	steps := 1
	if re.Op == syntax.OpLiteral {
		steps = len(re.Rune)
	}
	for _, sub := range re.Sub {
		steps += stepsOf(sub)
	}
	if re.Op == syntax.OpRepeat {
		steps *= max(re.Min, re.Max, 1)
	}
	return steps
}

// isLuaPattern reports whether a text has what means a class or an escape in
// Lua's patterns, which Jitsi's own verifier reads, and a percent sign in RE2.
// A percent sign with two hexadecimal digits is Jitsi's spelling of a letter.
func isLuaPattern(text string) bool {
	for {
		_, after, found := strings.Cut(text, "%")
		if !found || after == "" {
			return false
		}
		if !jid.HasEscape("%"+after[:min(2, len(after))]) &&
			strings.IndexByte("acdglpsuwxACDGLPSUWX-.%+*?[]()^$bf", after[0]) >= 0 {
			return true
		}
		text = after
	}
}
