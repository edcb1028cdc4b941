package auth

import (
	"bytes"
	"strconv"
	"strings"
)

// maxDigits bounds the digits on either side of the point of a number that
// stands for a name: 1e999999999 is a short text for a long one.
const maxDigits = 64

// decimalText writes a JSON number as people do, without exponent and needless
// zeros, so that one number is one name: 7, 7.0 and 70e-1 are "7". It is exact
// whatever the number of digits. It reports false if the text would be too
// long.
func decimalText(number []byte) (string, bool) {
	if len(number) <= maxDigits && !bytes.ContainsAny(number, ".eE") && string(number) != "-0" {
		return string(number), true
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(string(number)), "e")
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent > maxDigits || exponent < -maxDigits {
			return "", false
		}
	}
	zeros := strings.Repeat("0", maxDigits)
	digits := zeros + whole + fraction + zeros
	point := maxDigits + len(whole) + exponent
	whole, fraction = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if len(whole) > maxDigits || len(fraction) > maxDigits {
		return "", false
	}
	text := whole
	if text == "" {
		text = "0"
	}
	if fraction != "" {
		text += "." + fraction
	}
	if negative && text != "0" {
		text = "-" + text
	}
	return text, true
}
