// Package strictjson answers one question: what does this JSON object say, if
// every reader must find the same in it?
//
// A text is refused that two readers could read in two ways, or that is there to
// make one work: a member that stands twice in an object at any depth, invalid
// UTF-8, a lone surrogate, NUL, nesting over 32 levels, anything behind the end.
// Nothing is converted: a number is the text that it was written as.
//
// The package starts no goroutine and has no lock. A [Document] belongs to one
// goroutine at a time.
package strictjson
