package prosodyconf

// Packages says, in comments of Lua, where the packages of a series of Prosody come from: "0.12", "13", or an empty one
// for both. It is false if there is no such series.
func Packages(series string) (comments string, known bool) {
	const (
		old = "-- Prosody 0.12 (Debian 12): apt-get install prosody prosody-modules\n"
		now = "-- Prosody 13 (Debian 13): apt-get install prosody prosody-modules\n" +
			"--            (Debian 12): apt-get install -t bookworm-backports prosody prosody-modules\n"
	)
	switch series {
	case "":
		return old + now, true
	case "0.12":
		return old, true
	case "13", "13.0":
		return now, true
	}
	return "", false
}
