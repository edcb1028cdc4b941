package moderation

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"

	"usher/internal/jid"
)

const (
	maxPattern  = 1024 // bytes of a room claim that is a regular expression
	maxPatterns = 1024 // compiled ones that are kept
)

// patterns keeps compiled expressions: a decision is made at each join, and
// people of one meeting have the same claim. The zero value is ready.
type patterns struct {
	mu   sync.RWMutex
	kept map[string]*regexp.Regexp
}

// get compiles an expression over all of a room's name, in which there are no
// capital letters. RE2 syntax is matched in linear time.
func (p *patterns) get(text string) (*regexp.Regexp, error) {
	p.mu.RLock()
	re := p.kept[text]
	p.mu.RUnlock()
	if re != nil {
		return re, nil
	}
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the regular expression has over %d bytes", maxPattern)
	}
	// By itself first: a parenthesis of its own must not close ours.
	if _, err := syntax.Parse(text, syntax.Perl); err != nil {
		return nil, errors.New("the regular expression cannot be read")
	}
	re, err := regexp.Compile(`\A(?i:` + text + `)\z`)
	if err != nil {
		return nil, errors.New("the regular expression cannot be read")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil || len(p.kept) >= maxPatterns {
		p.kept = map[string]*regexp.Regexp{}
	}
	p.kept[text] = re
	return re, nil
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
		if !jid.HasEscape("%"+after[:min(2, len(after))]) && strings.IndexByte("acdglpsuwxACDGLPSUWX-.%+*?[]()^$bf", after[0]) >= 0 {
			return true
		}
		text = after
	}
}
