package component

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestPlainly: a stream that ends in the middle, as at Prosody's restart, is told in words, and all else as it is.
func TestPlainly(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader("<stream>"))
	_, _ = d.Token()
	_, err := d.Token()
	if got := plainly(fmt.Errorf("reading: %w", err)); got != "Prosody has closed the connection" {
		t.Errorf("%v: %s", err, got)
	}
	if got := plainly(errors.New("other")); got != "other" {
		t.Error(got)
	}
}
