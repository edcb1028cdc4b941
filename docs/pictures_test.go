package docs

import (
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drawn are the elements that a picture is made of.
var drawn = []string{"svg", "title", "style", "defs", "marker", "path", "rect", "text", "tspan", "g"}

// TestPictures: each picture is well-formed and small, has a title, its words as text and its own colours for dark
// pages, and stands on a page.
func TestPictures(t *testing.T) {
	found, err := filepath.Glob("*.svg")
	if err != nil || len(found) < 3 {
		t.Fatalf("the pictures %v, %v", found, err)
	}
	var prose strings.Builder
	for _, p := range pages(t) {
		prose.WriteString(p.prose)
	}
	for _, name := range found {
		text := readFile(t, "docs/"+name)
		words, elements := readPicture(t, name, text)
		most := 20 << 10
		if name == "demo.svg" || name == "dashboard.svg" { // make pictures makes them of what runs
			most = 200 << 10
		}
		switch {
		case len(text) > most:
			t.Errorf("%s has %d bytes", name, len(text))
		case elements["title"] != 1 || len(words) < 10:
			t.Errorf("%s has no title, or only the words %v", name, words)
		case !strings.Contains(text, "prefers-color-scheme: dark") || !strings.Contains(text, `class="page"`):
			t.Errorf("%s is not for dark pages", name)
		case !strings.Contains(prose.String(), name+")"):
			t.Errorf("%s stands on no page", name)
		}
		for element := range elements {
			if !slices.Contains(drawn, element) {
				t.Errorf("%s has an element %s", name, element)
			}
		}
	}
}

// TestScreenshots: each screenshot is small, can be read, and stands on a page.
func TestScreenshots(t *testing.T) {
	found, err := filepath.Glob("*.png")
	if err != nil || len(found) == 0 {
		t.Fatalf("the screenshots %v, %v", found, err)
	}
	var prose strings.Builder
	for _, p := range pages(t) {
		prose.WriteString(p.prose)
	}
	for _, name := range found {
		content := readFile(t, "docs/"+name)
		image, err := png.DecodeConfig(strings.NewReader(content))
		if err != nil || len(content) > 64<<10 || image.Width > 1200 {
			t.Errorf("%s has %d bytes, is %+v, %v", name, len(content), image, err)
		}
		if !strings.Contains(prose.String(), name+")") {
			t.Errorf("%s stands on no page", name)
		}
	}
}

// readPicture returns the texts of a picture, and how many there are of each element.
func readPicture(t *testing.T, name, text string) (words []string, elements map[string]int) {
	t.Helper()
	elements = map[string]int{}
	inside := ""
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		switch x := token.(type) {
		case xml.StartElement:
			inside = x.Name.Local
			elements[inside]++
		case xml.CharData:
			if inside == "text" && strings.TrimSpace(string(x)) != "" {
				words = append(words, string(x))
			}
		}
		if errors.Is(err, io.EOF) {
			return words, elements
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}
