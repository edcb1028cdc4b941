package main

// A measure is what a figure of a benchmark must be, and what is aimed at: no more, or at least as much. Ratios are to
// a reference that is measured in the same run.
type measure struct {
	benchmark string // a pattern, as of path.Match
	unit      string
	must, aim float64
	atLeast   bool
}

var measures = []measure{
	{"Verify/HS256", "ratio", 5, 4, false},
	{"Verify/HS256_cached", "ratio", 1, 0.3, false},
	{"Verify/HS256", "allocs", 14, 6, false},
	{"Verify/RS256", "ratio", 1.12, 1.06, false},
	{"Verify/ES256", "ratio", 1.08, 1.05, false},
	{"Verify/EdDSA", "ratio", 1.1, 1.06, false},
	{"Tail", "ratio", 3, 1.5, false},
	{"HTTP/check_password", "ratio", 1.8, 1.33, false},
	{"Join/100000-beside-100", "ratio", 1.3, 1.1, false},
	{"Paced", "disk-ratio", 1.9, 1.5, false},
	{"Paced", "disk-over-memory-p50-µs", 30, 20, false},
	{"Paced", "disk-over-memory-p99-µs", 500, 200, false},
	{"Prosody/logins", "of-at-once-ratio", 0.95, 0.98, true},
	{"Prosody/standstill", "more-p50-µs", 110, 70, false},
	{"Prosody/standstill", "more-p99-µs", 500, 300, false},
	{"Daemon/ready", "usher-ns", 20e6, 10e6, false},
	{"Daemon/memory", "idle-ratio", 3.2, 2.5, false},
	{"Daemon/memory", "MiB-after-100000-logins", 90, 70, false},
	{"Start", "ms-to-first-answer", 50, 20, false},
	{"Idle", "switches/s", 10, 5, false},
	{"LongestHold/*", "ms-hold", 1, 0.2, false},
	{"Bus/login", "p50-µs", 2000, 1000, false},
	{"Bus/login", "p99-µs", 10_000, 3000, false},
	{"Relay/round_trip/room", "gateway-ratio", 1.25, 1.16, false},
	{"IdleSession", "KiB-after-GC", 16, 12, false},
}
