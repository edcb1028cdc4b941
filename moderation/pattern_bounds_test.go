package moderation

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"
	"time"
)

// TestPatternBounds: no expression that a token may hold costs more than a few
// milliseconds, nor do all of them together fill the memory.
func TestPatternBounds(t *testing.T) {
	p := newPatterns()
	for _, text := range []string{strings.Repeat(`(.?){1000}`, 100), strings.Repeat(`x{1000}`, 140), `((a{9}){10}){11}b{20}`, `(a|b|c){500}`} {
		took := time.Hour
		for range 5 { // a machine that does something else meanwhile hardly does so each time
			began := time.Now()
			if _, err := p.get(text); err == nil || !strings.Contains(err.Error(), "steps") {
				t.Errorf("%.20s: %v", text, err)
			}
			took = min(took, time.Since(began))
		}
		if took > 100*time.Millisecond {
			t.Errorf("%.20s is refused after %v", text, took)
		}
	}
	for _, text := range []string{`[a-z0-9-]{1,255}`, `(?:board|standup)-\d{1,4}(-[a-z]+){0,8}`, `.*`, strings.Repeat("a", maxPattern-24), `(.?){200}`} {
		re, err := p.get(text)
		if err != nil {
			t.Errorf("%.20s: %v", text, err)
			continue
		}
		began := time.Now()
		re.MatchString(strings.Repeat("x", 1023))
		if took := time.Since(began); took > time.Second {
			t.Errorf("%.20s takes %v", text, took)
		}
	}
	for i := range 2 * maxPatterns {
		if _, err := p.get(fmt.Sprintf("x{300}%d", i)); err != nil {
			t.Fatal(err)
		}
		steps := 0
		for _, c := range p.kept.All() {
			steps += c.steps
		}
		if steps > maxKept || p.kept.Len() > maxPatterns {
			t.Fatalf("%d steps of %d expressions are kept", steps, p.kept.Len())
		}
	}
}

// FuzzSteps compares with what the compiler makes of an expression.
func FuzzSteps(f *testing.F) {
	for _, text := range []string{`(.?){30}`, `a{3}b{2,}c{0,4}`, `[a-z]|b*|(cd)+`, `((a{2}){3}){4}`, `\pL{0,10}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		re, err := syntax.Parse(text, syntax.Perl)
		if err != nil || stepsOf(re) > maxSteps {
			return
		}
		most := 3*stepsOf(re) + 10
		compiled, err := syntax.Compile(re.Simplify())
		if err != nil || len(compiled.Inst) > most {
			t.Errorf("%q: %d instructions, %d at most, %v", text, len(compiled.Inst), most, err)
		}
	})
}

// HoldPatterns has whatever compiles an expression wait until it is let go.
func (h *Host) HoldPatterns() (letGo func()) {
	h.patterns.mu.Lock()
	return h.patterns.mu.Unlock
}
