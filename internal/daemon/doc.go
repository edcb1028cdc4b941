// Package daemon answers one question: what runs, from a configuration to a process that serves? It opens the
// listeners and the state, ties every part to the parts that it needs, turns the configuration into a list of tasks,
// and puts a changed configuration in force. [Run] is all of it; the command translates flags and signals.
//
// A reload is one goroutine, whatever asks for it. It prepares everything, which may fail and changes nothing, and
// then commits, which cannot fail: the order of the commits is in preparedParts.steps.
//
// Goroutines: Run starts one for each task, waits for all of them for 9 s after its context ended, and closes the
// state when they have ended. The doors on which a server waits without a clock, and what they rest on, end last. The
// log has one more, which Run ends after them.
//
// The doors are open before the state is loaded: that is a task, and what stands on the state waits for it.
//
// Locks: none. What a reload changes is behind atomic pointers.
package daemon
