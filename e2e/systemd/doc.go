// Package systemd is a stand-in for the part of systemd that a service's process sees: its notify socket, its store of
// descriptors and what a start passes. It does what systemd 252 was seen to do and is read to do in service.c and
// manager.c, with the habits that are awkward for a service:
//
//   - It reads messages after a while, and drops those of a process that has ended by then or is not the main one.
//   - It never says whether it has kept a descriptor; what is above the store's size it closes, and so it does with a second
//     copy of the same socket.
//   - It closes its copy when it is told to, or when the other side has hung up, and at no other time: not when the
//     process that gave it is dead.
//   - At each start it passes all copies, after the sockets and in an arbitrary order.
//
// One goroutine reads the socket and watches the copies until [Manager.Close]; one lock guards the store.
package systemd
