package strictyaml

import "usher/internal/text"

// An Item is a text of the file and its place.
type Item struct {
	Value
	Text string
}

// ItemOf returns a value whose text is known.
func ItemOf(v Value, s string) Item { return Item{v, s} }

// Elements returns the entries of a list of any types, each called name in
// messages. want names the type in the message that it is no list.
func (v Value) Elements(name, want string) []Value {
	if !v.is("!!seq", want) {
		return nil
	}
	values := make([]Value, len(v.node.Content))
	for i, node := range v.node.Content {
		values[i] = v.of(node, name)
	}
	return values
}

// List reads a list of texts, without empty and repeated ones.
func (v Value) List() []Item {
	var items []Item
	seen := map[string]bool{}
	for _, element := range v.Elements("an entry of "+v.name, "a list, such as [a, b]") {
		word, ok := element.Word()
		switch {
		case !ok:
		case seen[word]:
			element.Problem("keep one of them", "%s has %q twice", v.name, text.Clip(word))
		default:
			seen[word] = true
			items = append(items, Item{element, word})
		}
	}
	return items
}

// SomeList is [Value.List] for what must not be empty.
func (v Value) SomeList() []Item {
	if v.Tag() == "!!seq" && v.IsEmpty() {
		v.Problem("write at least one entry, or remove the key", "%s is an empty list", v.name)
	}
	return v.List()
}

// Texts returns the texts of items.
func Texts(items []Item) []string {
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.Text
	}
	return list
}
