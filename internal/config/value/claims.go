package value

import (
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
		tests = append(tests, test)
	}
	return tests
}
