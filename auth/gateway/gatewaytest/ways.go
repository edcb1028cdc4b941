package gatewaytest

// A WayIn is a way of connecting.
type WayIn struct {
	Name, Token string
	Guests      bool // are let in
}

// WaysIn are those that the list of package filter tells apart.
func WaysIn() []WayIn {
	const anyText = "no-token-but-some-text"
	return []WayIn{
		{"token, no guests", AliceToken, false},
		{"token, guests", AliceToken, true},
		{"any text, no guests", anyText, false},
		{"any text, guests", anyText, true},
		{"no token, no guests", "", false},
		{"no token, guests", "", true},
	}
}
