package fetch

import (
	"net/http"
	"testing"
	"time"
)

func TestCacheControl(t *testing.T) {
	for _, test := range []struct {
		headers []string
		age     string
		want    time.Duration
	}{
		{nil, "", time.Hour}, {[]string{""}, "", time.Hour}, {[]string{"public"}, "", time.Hour}, {nil, "60", time.Hour},
		{[]string{"max-age=600"}, "", 10 * time.Minute}, {[]string{"public, MAX-AGE = 600 , immutable"}, "", 10 * time.Minute},
		{[]string{`max-age="600"`}, "", 10 * time.Minute}, {[]string{"public", "max-age=600"}, "", 10 * time.Minute},
		{[]string{"max-age=0"}, "", minFresh}, {[]string{"max-age=600, no-cache"}, "", minFresh}, {[]string{"no-store"}, "", minFresh},
		{[]string{"max-age=-1"}, "", minFresh}, {[]string{"max-age=1.5"}, "", minFresh}, {[]string{"max-age"}, "", minFresh},
		{[]string{"max-age=99999999999999999999999"}, "", maxFresh}, {[]string{"max-age=172800"}, "", maxFresh},
		{[]string{"max-age=600, max-age=86400"}, "", 10 * time.Minute}, {[]string{"s-maxage=5, max-age=600"}, "", 10 * time.Minute},
		{[]string{`x="a, no-store, \", max-age=1", max-age=600`}, "", 10 * time.Minute},
		{[]string{"max-age=600"}, "300", 5 * time.Minute}, {[]string{"max-age=600"}, "9999999", minFresh}, {[]string{"max-age=600"}, "x", 10 * time.Minute},
	} {
		h := http.Header{"Cache-Control": test.headers}
		if test.age != "" {
			h.Set("Age", test.age)
		}
		if got := freshFor(h); got != test.want {
			t.Errorf("%q, age %q: %v, want %v", test.headers, test.age, got, test.want)
		}
	}
}

func FuzzCacheControl(f *testing.F) {
	f.Add("max-age=600", "")
	f.Add(`x="a, \"`, "1")
	f.Fuzz(func(t *testing.T, header, age string) {
		if d := freshFor(http.Header{"Cache-Control": {header}, "Age": {age}}); d < minFresh || d > maxFresh {
			t.Errorf("%q: %v", header, d)
		}
	})
}
