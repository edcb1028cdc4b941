package strictyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"usher/internal/text"
)

// AnyText returns a text that may be empty, without control characters.
func (v Value) AnyText() (string, bool) {
	if !v.is("!!str", "a text") {
		return "", false
	}
	if strings.ContainsFunc(v.node.Value, unicode.IsControl) {
		v.Problem("write it without line breaks, tabs and the like", "%s has a control character", v.name)
		return "", false
	}
	return v.node.Value, true
}

// Word returns a text that is not empty, without control characters.
func (v Value) Word() (string, bool) {
	s, ok := v.AnyText()
	if ok && s == "" {
		v.Problem("write a value, or remove it", "%s is empty", v.name)
	}
	return s, ok && s != ""
}

// OneOf returns a word of the list.
func (v Value) OneOf(words ...string) (string, bool) {
	s, ok := v.Word()
	if !ok {
		return "", false
	}
	if slices.Contains(words, s) {
		return s, true
	}
	v.Problem(Suggest(s, words)+"use one of: "+strings.Join(words, ", "), "%s: unknown value %q", v.name, text.Clip(s))
	return "", false
}

// Bool reads true or false into to, and nothing else: yes and on are texts since
// YAML 1.2. What is no good leaves to as it is.
func (v Value) Bool(to *bool) {
	if v.is("!!bool", "true or false") {
		*to = strings.EqualFold(v.node.Value, "true")
	}
}

// Int reads a number from least to most into to. What is no good leaves to as it is.
func (v Value) Int(to *int, least, most int) {
	if !v.is("!!int", "a number") {
		return
	}
	n, err := strconv.Atoi(v.node.Value)
	if err != nil || n < least || n > most {
		v.Problem(fmt.Sprintf("write %d to %d", least, most), "%s: %s is out of range", v.name, text.Clip(v.node.Value))
		return
	}
	*to = n
}

// Duration reads 0 or Go's form, as 1m30s, into to. A most of 0 is no bound. What
// is no good leaves to as it is.
func (v Value) Duration(to *time.Duration, most time.Duration) {
	if v.node.ShortTag() != "!!int" && !v.is("!!str", "a duration, such as 10s") {
		return
	}
	d, err := time.ParseDuration(v.node.Value)
	switch {
	case err != nil:
		v.Problem("write a number with a unit, such as 10s, 5m or 24h",
			"%s: %q is no duration", v.name, text.Clip(v.node.Value))
	case d < 0:
		v.Problem("write 0s or more", "%s is negative", v.name)
	case most > 0 && d > most:
		v.Problem("write at most "+text.Duration(most), "%s is %s, too long", v.name, text.Clip(v.node.Value))
	default:
		*to = d
	}
}
