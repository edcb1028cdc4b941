// Package journal answers one question: which records had been written when the process, or the
// machine, went? It knows bytes and positions, and nothing of what the records say.
//
// A journal is a folder of numbered segments. A record is appended by the goroutine that wants
// it, in one write(2) to a file opened with O_APPEND: once [Journal.Append] has returned, a
// killed process loses nothing. The disk is waited for by [Journal.Sync] only, and in the
// background each second while there is something to sync. The owner applies the records
// elsewhere, reading them back with [Journal.Read], and says so with [Journal.Forget].
//
// What a start finds is judged by how the last process ended. A killed one leaves at most the
// beginning of one record, which was not acknowledged; a power failure leaves any end. Anything
// else is damage, and the start stops: acknowledged records may be behind it.
//
// Goroutines: one, which syncs; [Journal.Close] waits for it. Locks: the right to write
// (a channel, so that no caller has to wait for a frozen disk), then mu, which is held for a
// moment and never while a file is touched.
package journal
