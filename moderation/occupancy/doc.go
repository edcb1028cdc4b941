// Package occupancy answers one question: which rooms are started, and stay so, by whom the
// gateway has seen in them? A room is started when a token holder whom it is open to has its
// own presence in it. It stays so until Prosody has shown each of the gateway's occupants out,
// or [Grace] after the last connection of one was lost: a holder whose connection blinks keeps
// nobody out. A room that was left to die is started again when one of its occupants is back.
//
// Who is in a room is in memory, bounded in entries and bytes ([Limits]), and in a [Store]:
// what [Occupancy.Entered] is told is written before it returns. After a restart nobody is
// connected, and each room has its [Grace].
//
// What is started is kept by [Rooms], whose state every decision reads.
//
// It starts no goroutine: [Occupancy.Run] is a task of the daemon.
//
// Locks: one, that of what the rooms are told, is taken before the one of the tables; neither
// the store nor the rooms are asked under the latter. What is deleted from the state
// is kept apart from what is put there by a lock of package behind.
package occupancy
