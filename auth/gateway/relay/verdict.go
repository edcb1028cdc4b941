package relay

// A Verdict is what becomes of an element. Of the zero value it passes as it is;
// otherwise one field is set, or, of a login that is refused, Answer and End.
type Verdict struct {
	// Replace passes in its place: one element, with all its namespaces declared.
	Replace []byte
	// Answer goes back to the side that sent the element, and nothing passes. There
	// is one only before stanzas are counted (XEP-0198), and to resume.
	Answer []byte
	// End says that the stream ends, and why.
	End *End
}

// An End is why a stream ends: an error of RFC 6120 section 4.9.3.
type End struct {
	Condition string // of RFC 6120 section 4.9.3
	Text      string // for the person
}
