package setup

// Docker returns the lines for docker-jitsi-meet.
func Docker() string { return "" }
