package strictjson

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzDocument: what is read is JSON for every reader, an object, and
// each of its members is found by its name; on an error nothing is left.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[true,null,{"c":"\u00e9"}]}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `[]`, `{} x`, "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Document
		if err := d.Read(text); err != nil {
			if len(d.nodes) != 0 {
				t.Errorf("%d nodes with error %v", len(d.nodes), err)
			}
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%q was read, and is no object: %v", text, err)
		}
		for name := range members {
			if n := d.Get(name); n == nil || bytes.IndexByte(n.Text, 0) >= 0 {
				t.Errorf("member %q: %v", name, n)
			}
		}
	})
}
