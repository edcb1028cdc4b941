package driver

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// A picture of few colours stays what it is; one of many keeps those that are there most.
func TestShrink(t *testing.T) {
	for _, colours := range []int{5, 5000} {
		from := image.NewRGBA(image.Rect(0, 0, 100, 100))
		for i := range 100 * 100 {
			n := i % colours
			if i < 3000 {
				n = 0
			}
			from.Set(i%100, i/100, color.RGBA{uint8(n), uint8(n >> 8), 200, 255})
		}
		var in bytes.Buffer
		if err := png.Encode(&in, from); err != nil {
			t.Fatal(err)
		}
		out, err := shrink(in.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		to, err := png.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if to.Bounds() != from.Bounds() {
			t.Errorf("%d colours: it is %v", colours, to.Bounds())
		}
		differ := 0
		for i := range 100 * 100 {
			if color.RGBAModel.Convert(to.At(i%100, i/100)) != from.At(i%100, i/100) {
				differ++
			}
		}
		if colours == 5 && differ > 0 || differ > 7000 {
			t.Errorf("%d colours: %d points differ", colours, differ)
		}
		if len(out) > len(in.Bytes())+2000 { // the palette
			t.Errorf("%d colours: %d bytes became %d", colours, len(in.Bytes()), len(out))
		}
	}
	if _, err := shrink([]byte("no picture")); err == nil {
		t.Error("what is no picture was shrunk")
	}
}
