package luaread

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Global is the section of what stands before all others.
const Global = "*"

// A Kind is what an event is about.
type Kind string

// The kinds of events.
const (
	KindHost      Kind = "host"      // VirtualHost "Section"
	KindComponent Kind = "component" // Component "Section"
	KindModule    Kind = "module"    // … "Name"
	KindInclude   Kind = "include"   // Include "Name"
	KindOption    Kind = "option"    // Name = Value, in Section
	kindEnd       Kind = "end"
)

// An Event is one thing that a file does.
type Event struct {
	Kind    Kind   `json:"kind"`
	Line    int    `json:"line"` // on which the statement ends
	Section string `json:"section"`
	Name    string `json:"name"`
	Value   Value  `json:"value"`
}

// A Value is what an option is set to: exactly one of these, or a table.
type Value struct {
	Text    *string          `json:"text,omitempty"`
	Bool    *bool            `json:"bool,omitempty"`
	Number  *string          `json:"number,omitempty"`
	None    bool             `json:"none,omitempty"`
	Unknown bool             `json:"unknown,omitempty"` // it comes from a file, the environment or a function
	Table   bool             `json:"table,omitempty"`
	List    []Value          `json:"list,omitempty"`
	Map     map[string]Value `json:"map,omitempty"`
}

// Texts returns the texts of a list, or a text alone, and whether all of it could be read.
func (v Value) Texts() (texts []string, whole bool) {
	if v.Text != nil {
		return []string{*v.Text}, true
	}
	whole = v.Table && len(v.Map) == 0
	for _, item := range v.List {
		if item.Text == nil {
			whole = false
			continue
		}
		texts = append(texts, *item.Text)
	}
	return texts, whole
}

// Has reports whether a list has a text.
func (v Value) Has(text string) bool {
	texts, _ := v.Texts()
	return slices.Contains(texts, text)
}

// String is one spelling for each value, to compare by.
func (v Value) String() string {
	text, _ := json.Marshal(v) // maps have their keys in order
	return string(text)
}

// decode reads what recorder.lua wrote. Its texts have one character for each byte.
func decode(out []byte) ([]Event, error) {
	var events []Event
	for line := range bytes.Lines(out) {
		var e struct {
			Event
			Failed string `json:"failed"`
		}
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			return nil, fmt.Errorf("its reader said %.100q", line)
		}
		switch {
		case e.Failed != "":
			return nil, errors.New(strings.TrimPrefix(e.Failed, "config:"))
		case e.Kind == kindEnd:
			return events, nil
		}
		e.Section, e.Name, e.Value = toBytes(e.Section), toBytes(e.Name), e.Value.toBytes()
		events = append(events, e.Event)
	}
	return nil, errors.New("its reader ended early: does the file run for long, or want much memory?")
}

func (v Value) toBytes() Value {
	if v.Text != nil {
		text := toBytes(*v.Text)
		v.Text = &text
	}
	for i := range v.List {
		v.List[i] = v.List[i].toBytes()
	}
	if v.Map != nil {
		was := v.Map
		v.Map = make(map[string]Value, len(was))
		for k, item := range was {
			v.Map[toBytes(k)] = item.toBytes()
		}
	}
	return v
}

func toBytes(s string) string {
	text := make([]byte, 0, len(s))
	for _, r := range s {
		text = append(text, byte(r))
	}
	return string(text)
}
