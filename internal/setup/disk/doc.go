// Package disk answers one question: how does root read and replace files that others may own, below a folder that
// stands for the machine's root?
//
// Names are resolved link by link, and absolute links begin at that folder again. A link may not lead out of the part
// of the machine that a name is in, such as /etc/jitsi. The folder of a file is then opened, and everything happens
// relative to it: a file is replaced by one beside it, which has its owner, group and mode before its first byte, by
// rename. It starts no goroutine and has no lock.
package disk
