// Package redis starts real Redis servers and Sentinels, as Debian packages them, on free ports of the loopback
// interface, each with its files in a folder of its own. It answers: does usher's cluster hold on the engine itself?
package redis
