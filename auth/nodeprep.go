package auth

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// maxLocalpart is the longest localpart in bytes, and domain (RFC 6122
// section 2.3 and 2.2).
const maxLocalpart = 1023

// nodeprepProfile is RFC 6122 appendix A. Prosody prepares names with it, and
// PRECIS (RFC 7622) gives other results, so this is the profile that decides.
var nodeprepProfile = stringprep.Profile{
	Mappings:  []stringprep.Mapping{stringprep.TableB1, {0x1806: {}}, stringprep.TableB2}, // U+1806 is missing in the library's table B.1
	Normalize: true,
	Prohibits: []stringprep.Set{
		stringprep.TableC1_1, stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2,
		stringprep.TableC3, stringprep.TableC4, stringprep.TableC5, stringprep.TableC6,
		stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
		{{'"', '"'}, {'&', '&'}, {'\'', '\''}, {'/', '/'}, {':', ':'}, {'<', '<'}, {'>', '>'}, {'@', '@'}},
	},
	CheckBiDi: true,
}

// nameprepProfile is RFC 3491, with which Prosody prepares domains.
var nameprepProfile = stringprep.Profile{
	Mappings:  nodeprepProfile.Mappings,
	Normalize: true,
	Prohibits: []stringprep.Set{
		stringprep.TableC1_2, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4, stringprep.TableC5,
		stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
	},
	CheckBiDi: true,
}

// corrected are the ideographs whose normal form Unicode changed after 3.2
// (corrigendum 4). Prosody knows the old form, Go the new one: refused.
var corrected = stringprep.Set{{0x2f868, 0x2f868}, {0x2f874, 0x2f874}, {0x2f91f, 0x2f91f}, {0x2f95f, 0x2f95f}, {0x2f9bf, 0x2f9bf}}

func notUnicode32(r rune) bool { return stringprep.TableA1.Contains(r) || corrected.Contains(r) }

// Nodeprep prepares a localpart as Prosody does (RFC 6122 appendix A). It is
// an error if nothing is left, if more than 1,023 bytes are, or if s holds
// what no localpart may.
func Nodeprep(s string) (string, error) { return prepare(s, nodeprepProfile) }

// Nameprep prepares a domain as Prosody does (RFC 6122 section 2.2), within the
// same bounds. That the result is a domain's name is not checked.
func Nameprep(s string) (string, error) { return prepare(s, nameprepProfile) }

func prepare(s string, profile stringprep.Profile) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("name %q is not UTF-8", clip(s))
	}
	// Before the normalisation, which is of a later Unicode than Prosody's and
	// would turn some into assigned ones. Prosody itself lets them pass.
	if i := strings.IndexFunc(s, notUnicode32); i >= 0 {
		return "", fmt.Errorf("name %q: a character that Prosody, with Unicode 3.2, does not know", clip(s))
	}
	prepared, err := profile.Prepare(s)
	if err != nil {
		return "", fmt.Errorf("name %q: %w", clip(s), err)
	}
	if prepared == "" || len(prepared) > maxLocalpart {
		return "", fmt.Errorf("name %q: %d bytes once prepared, 1 to %d are allowed", clip(s), len(prepared), maxLocalpart)
	}
	return prepared, nil
}
