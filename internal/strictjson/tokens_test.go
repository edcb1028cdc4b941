package strictjson

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// A tokenReader reads a document token by token, as jsontext hands them out. It is slower,
// and knows nothing of where a value begins in the text.
type tokenReader struct {
	found []found
	dec   *jsontext.Decoder
}

// A found is what a reader finds of one value.
type found struct {
	name, text string
	kind       jsontext.Kind
	at, end    int
}

func readTokens(text []byte) ([]found, error) {
	r := &tokenReader{dec: jsontext.NewDecoder(bytes.NewReader(text))}
	if r.dec.PeekKind() != '{' {
		return nil, errors.New("not an object")
	}
	if err := r.value("", 1); err != nil {
		return nil, err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return nil, errors.New("more behind it")
	}
	return r.found, nil
}

func (r *tokenReader) value(name string, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	i := len(r.found)
	token, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	r.found = append(r.found, found{name: name, kind: token.Kind(), at: i})
	switch token.Kind() {
	case '{', '[':
		err = r.members(token.Kind() == '{', depth)
	default:
		r.found[i].text, err = scalar(token)
	}
	r.found[i].end = len(r.found)
	return err
}

func (r *tokenReader) members(named bool, depth int) error {
	for {
		if kind := r.dec.PeekKind(); kind == '}' || kind == ']' {
			_, err := r.dec.ReadToken()
			return err
		}
		name := ""
		if named {
			token, err := r.dec.ReadToken()
			if err != nil {
				return err
			}
			if name, err = scalar(token); err != nil {
				return err
			}
		}
		if err := r.value(name, depth+1); err != nil {
			return err
		}
	}
}

func scalar(t jsontext.Token) (string, error) {
	text := t.String()
	if t.Kind() == '"' && strings.Contains(text, "\x00") {
		return "", errNUL
	}
	return text, nil
}

// sameAsTokens holds that a document has the values that a reader by tokens finds, or is refused as there.
func sameAsTokens(t *testing.T, text []byte) {
	t.Helper()
	var d Document
	err := d.Read(text)
	want, wantErr := readTokens(text)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v, by tokens %v", text, err, wantErr)
	}
	if err != nil {
		return
	}
	var got []found
	for i := range d.nodes {
		n := &d.nodes[i]
		got = append(got, found{string(d.nameOf(n)), string(n.Text), n.Kind, int(n.at), int(n.end)})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q: %v, by tokens %v", text, got, want)
	}
}

func nested(levels int, inside string) string {
	return `{"a":` + strings.Repeat("[", levels-1) + inside + strings.Repeat("]", levels-1) + "}"
}

func oddTexts() []string {
	return []string{
		``, ` `, `{}`, " {\t\r\n} ", `{"a":1}`, `{"a":-0.5e+3 ,"b" : [ 1 , true,false , null ]}`, `{"":""}`,
		`{"a\\":"\\\"","b":"\"]}","c":"\\"}`, `{"\u0061":1,"a":2}`, `{"a":"\u0000"}`, `{"\u0000":1}`, `{"a":"\ud83d\ude00"}`,
		`{"a":{"b":{"c":[[],{}]}},"d":"}"}`, `{"a":"[[[[","b":"{{{{"}`, nested(maxDepth, ""), nested(maxDepth, "1"),
		nested(maxDepth+1, ""), nested(maxDepth-1, "1"), `{"a":"` + strings.Repeat(`[`, 100) + `"}`, strings.Repeat("[", 5000),
		`{"a":"` + strings.Repeat(`\"[`, 100) + `"}`, `{"a":1}}`, `{"a":1} x`, `{"a":1`, `{"a"`, `{"a":"`, `{"a":"\`, `{a:1}`,
		"\ufeff{}", "{\"a\":\"\xff\"}", `{"a":1,}`, `[{}]`, `"a"`, `{"a":01}`, `{"a":"` + "\n" + `"}`,
	}
}

func TestSameAsTokens(t *testing.T) {
	for _, text := range oddTexts() {
		sameAsTokens(t, []byte(text))
	}
	files, err := filepath.Glob("../../../shared/vectors/jsontestsuite/test_*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sameAsTokens(t, text)
		sameAsTokens(t, []byte(`{"a":`+string(text)+`}`))
	}
}

// FuzzSameAsTokens looks for a text in which the two readers find different values.
func FuzzSameAsTokens(f *testing.F) {
	for _, text := range oddTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(sameAsTokens)
}
