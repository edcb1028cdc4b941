// Package pages answers one question: what does an operator see and do in the console? It has the pages, and each of
// them asks the admin API as a command does ([API]): what may be done, how it is bounded and what the audit has of it
// is decided there. A page keeps nothing but what came of a change, until it is shown ([notices]).
//
// What is dangerous has a page of its own between the wish and the deed, with what will happen; without script all is
// the same, but that pages do not change by themselves.
//
// Goroutines: [Pages.Run] has one for each kind of page that changes by itself, which asks only while such a page is
// open, and waits for them. Locks: the notices have one, held for a moment.
package pages
