package auth

import (
	"fmt"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// maxLocalpart is the longest localpart in bytes (RFC 6122 section 2.3).
const maxLocalpart = 1023

// nodeprepProfile is RFC 6122 appendix A. Prosody prepares names with it, and
// PRECIS (RFC 7622) gives other results, so this is the profile that decides.
var nodeprepProfile = stringprep.Profile{
	Mappings:  []stringprep.Mapping{stringprep.TableB1, stringprep.TableB2},
	Normalize: true,
	Prohibits: []stringprep.Set{
		stringprep.TableA1, // unassigned in Unicode 3.2: Prosody lets them pass, we need not
		stringprep.TableC1_1, stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2,
		stringprep.TableC3, stringprep.TableC4, stringprep.TableC5, stringprep.TableC6,
		stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
		{{'"', '"'}, {'&', '&'}, {'\'', '\''}, {'/', '/'}, {':', ':'}, {'<', '<'}, {'>', '>'}, {'@', '@'}},
	},
	CheckBiDi: true,
}

// Nodeprep prepares a localpart as Prosody does (RFC 6122 appendix A). It is
// an error if nothing is left, if more than 1,023 bytes are, or if s holds
// what no localpart may.
func Nodeprep(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("name %q is not UTF-8", clip(s))
	}
	prepared, err := nodeprepProfile.Prepare(s)
	if err != nil {
		return "", fmt.Errorf("name %q: %w", clip(s), err)
	}
	if prepared == "" || len(prepared) > maxLocalpart {
		return "", fmt.Errorf("name %q: %d bytes once prepared, 1 to %d are allowed", clip(s), len(prepared), maxLocalpart)
	}
	return prepared, nil
}
