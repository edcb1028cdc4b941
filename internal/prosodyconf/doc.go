// Package prosodyconf answers one question: what is to be pasted into the configuration of Prosody, which is a
// program in Lua, for a configuration of usher? It reads no file and starts no goroutine.
package prosodyconf
