// Package adhoc answers one question: what does a command ask of a person, and
// what does it answer (XEP-0050, XEP-0004)? It is plain data: no goroutine, no
// lock.
package adhoc

import "context"

// A Form is what a command shows to a person, or asks (XEP-0004).
type Form struct {
	Title, Instructions string
	Fields              []Field
}

// A Field is a field of a [Form]. Its type is one of XEP-0004 section 3.3.
type Field struct {
	Name, Type, Label string
	Required          bool
	Values            []string
	Options           []Option
}

// An Option is one of the values that a field may have, and what a person
// sees of it.
type Option struct{ Label, Value string }

// Submitted is the values of a form's fields that came back, by name; nil if no
// form did.
type Submitted map[string][]string

// A Note is the sentence with which a command ends.
type Note struct {
	Level string // info, warn or error (XEP-0050 section 4.3)
	Text  string
}

// An Answer is a form that goes on with a command, or the note that ends it.
type Answer struct {
	Form *Form // nil: it ends
	Note Note
}

// A Stage is one step of a command of an account. What memory can tell is
// answered at once; Do is called for what rooms have to be asked for.
type Stage struct {
	Answer *Answer // nil: Do has it

	// Likely says that by what memory says the account is moderator of all the
	// rooms that Do is about.
	Likely bool
	Do     func(context.Context) (Answer, error)
}
