package strictjson

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

func TestDecimalText(t *testing.T) {
	for number, want := range map[string]string{
		"7": "7", "0": "0", "-0": "0", "-7": "-7", "7.0": "7", "70e-1": "7", "7E0": "7", "0.7e1": "7", "1.50": "1.5", "-0.0": "0",
		"1e3": "1000", "1e+3": "1000", "12.5e-3": "0.0125", "-1e-2": "-0.01", "0e5": "0",
		"12345678901234567890": "12345678901234567890", "9007199254740993.0": "9007199254740993",
		"1e63": "1" + strings.Repeat("0", 63), "1e64": "", "1e-64": "0." + strings.Repeat("0", 63) + "1", "1e-65": "",
		"1e999999999": "", "1e-999999999": "", "1e99999999999999999999": "", strings.Repeat("9", 65): "",
	} {
		if got, ok := Decimal([]byte(number)); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", number, got, ok, want)
		}
	}
}

// FuzzDecimalText holds that the text is the same number, and the only one of
// it.
func FuzzDecimalText(f *testing.F) {
	for _, s := range []string{"7.0", "-1.5e3", "1e-9", "0.00", "123456789012345678901234567890.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := new(Document)
		if len(s) > 200 || d.Read([]byte(`{"n":`+s+`}`)) != nil {
			return
		}
		n := d.Get("n")
		if n == nil || n.Kind != '0' {
			return
		}
		text, ok := Decimal(n.Text)
		if !ok {
			return
		}
		want, good := new(big.Rat).SetString(string(n.Text))
		got, parsed := new(big.Rat).SetString(text)
		if !good || !parsed || got.Cmp(want) != 0 {
			t.Errorf("%s is written as %s", n.Text, text)
		}
		if again, ok := Decimal([]byte(text)); !ok || again != text {
			t.Errorf("%s is written as %s, and that as %s", n.Text, text, again)
		}
	})
}

// FuzzFloat holds that a number is what strconv makes of it.
func FuzzFloat(f *testing.F) {
	for _, s := range []string{"0", "-0", "7", "98753496345768", "999999999999999", "9007199254740993",
		"1e300", "1e999", "0.1", "-1.5E-7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := new(Document)
		if d.Read([]byte(`{"n":`+s+`}`)) != nil || d.Get("n") == nil || d.Get("n").Kind != '0' {
			return
		}
		number := d.Get("n").Text
		got, err := Float(number)
		want, wantErr := strconv.ParseFloat(string(number), 64)
		if math.Float64bits(got) != math.Float64bits(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, %v; want %v, %v", number, got, err, want, wantErr)
		}
	})
}
