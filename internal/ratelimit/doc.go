// Package ratelimit answers one question: may this be done again already? Who is
// not let in must not fill the disk with log lines about it ([Log]), and what one
// token or one stranger can cause has a pace ([Rate]). It starts no goroutine; a
// Log has a lock, under which nothing else is called.
package ratelimit
