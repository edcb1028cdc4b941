package layout

// Words are what the frame of a page says.
type Words struct {
	Lang, Skip, Pages, Leave, Times, Live, Paused, Lost, Pause, GoOn string
}

func english() Words {
	return Words{Lang: "en", Skip: "Skip to content", Pages: "Pages", Leave: "Leave", Times: "Times are the server's",
		Live: "Live", Paused: "Paused", Lost: "Not live: trying to connect", Pause: "Pause", GoOn: "Go on"}
}

func german() Words {
	return Words{Lang: "de", Skip: "Zum Inhalt", Pages: "Seiten", Leave: "Abmelden", Times: "Zeiten sind die des Servers",
		Live: "Live", Paused: "Angehalten", Lost: "Nicht live: Verbindung wird gesucht", Pause: "Anhalten",
		GoOn: "Weiter"}
}
