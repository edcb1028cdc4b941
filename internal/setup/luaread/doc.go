// Package luaread answers one question: what does a file of Prosody's configuration set, and on which lines?
//
// Such a file is a program in Lua. Prosody's own Lua runs it here, in a child process that can only write down what is
// set: recorder.lua gives it VirtualHost, Component, Include and options, and no os, io, require, load or string.rep.
// What the program takes from a file or the environment is recorded as unknown. The child has no environment and no
// arguments of ours, is nobody where usher is root, and is bounded in steps, memory, processor time and output.
//
// It starts no goroutine that outlives Read, and has no lock.
package luaread
