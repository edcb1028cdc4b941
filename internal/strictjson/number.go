package strictjson

import (
	"bytes"
	"strconv"
	"strings"
)

// MaxDigits bounds the digits on either side of the point of a number that
// stands for a name: 1e999999999 is a short text for a long one.
const MaxDigits = 64

// Decimal writes a JSON number as people do, without exponent and needless
// zeros, so that one number is one name: 7, 7.0 and 70e-1 are "7". It is exact
// whatever the number of digits. It reports false if the text would be too
// long.
func Decimal(number []byte) (string, bool) {
	if len(number) <= MaxDigits && !bytes.ContainsAny(number, ".eE") && string(number) != "-0" {
		return string(number), true
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(string(number)), "e")
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent > MaxDigits || exponent < -MaxDigits {
			return "", false
		}
	}
	zeros := strings.Repeat("0", MaxDigits)
	digits := zeros + whole + fraction + zeros
	point := MaxDigits + len(whole) + exponent
	whole, fraction = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if len(whole) > MaxDigits || len(fraction) > MaxDigits {
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

// exactDigits is how many digits a whole number may have that a float64 holds exactly.
const exactDigits = 15

// Float returns a JSON number as a float64, rounded to the nearest, or an error if it is
// out of range. Nearly all are whole and short, and need no rounding.
func Float(number []byte) (float64, error) {
	whole := int64(0)
	for _, c := range number {
		if c < '0' || c > '9' || len(number) > exactDigits {
			return strconv.ParseFloat(string(number), 64)
		}
		whole = 10*whole + int64(c-'0')
	}
	return float64(whole), nil
}
