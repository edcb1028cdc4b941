package value

import (
	"slices"
	"strings"

	"usher/auth/claim"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// MendTest is the advice for a claim, of which example is one.
func MendTest(example string) string {
	return "write names with dots between, those with dots in quotes, and after = the value if it is not true: " + example
}

// ClaimTests reads the claims of which a token must have one, such as example. An
// empty list is good: no token has one.
func ClaimTests(v strictyaml.Value, example string) []claim.Test {
	tests := []claim.Test{}
	for _, it := range v.List() {
		test, err := claim.ParseTest(it.Text)
		if err != nil {
			it.Problem(MendTest(example), "%s: %q is no claim: %v", v.Name(), text.Clip(it.Text), err)
			continue
		}
		WarnOfSpaces(it.Named(v.Name()), test)
		tests = append(tests, test)
	}
	return tests
}

// WarnOfSpaces warns of white space at an end of the last name or of the value, as in "roles = moderator": it is a part
// of them, and hardly any token has it.
func WarnOfSpaces(v strictyaml.Value, test claim.Test) {
	bare := claim.Test{Path: slices.Clone(test.Path), Value: strings.TrimSpace(test.Value)}
	last := len(bare.Path) - 1
	bare.Path[last] = strings.TrimSpace(bare.Path[last])
	if !bare.Equal(test) {
		v.Warn("write "+bare.String(), "%s: %q has white space beside a name or the value, which is a part of them",
			v.Name(), text.Clip(test.String()))
	}
}
