// Package strictyaml answers one question: what does a YAML file say, and where
// does it stand? It reads one document of known keys into Go values and reports
// everything else as [Problems] with line, column and advice: unknown and repeated
// keys, merge keys, values of another type, texts with control characters.
// [Changes] says in words what differs between two documents.
//
// It knows nothing of what the values are for, starts no goroutine and has no
// lock. A [Report], and each [Value] that reports to it, belong to one goroutine.
package strictyaml
