// Package access answers one question: who gets into the console, and who is in? It holds the links that wait to be
// used, and the sessions of who used one or came with a token ([State]). It is state over a clock: it knows no HTTP,
// no configuration and no token.
//
// Of secrets only the hash is kept. Everything has a bound in entries: links of operators, of moderators and of each
// account, sessions likewise, addresses that failed, tokens that were used. Where there is no more place, the oldest
// goes, but of links for one moderator, which strangers cause: there the oldest stay, and are as good as was said.
// Operators and moderators have places of their own, so that neither push out the others. What a session has open,
// streams and requests, is bounded as well, and what all moderators have leaves some for operators.
//
// Goroutines: none. Locks: one, under which nothing else is called; whether what a session rests on still holds is
// asked outside of it.
package access
