package signin

import (
	"net/http"

	"usher/auth"
	"usher/internal/language"
)

// words are what the pages say, in one language.
type words struct {
	Lang string

	failed, signOut, signOutText, signedOut, close, notOut, notOutText string
	signedIn, inApp, many, manyText                                    string

	SignOut, OpenApp, Again, Back, Helper string

	reasons map[auth.Reason]string // what is not there is told in English
	denied  string                 // of every other reason that says no
	later   string                 // of every other that cannot tell
}

func english() *words {
	return &words{Lang: "en",
		failed: "Sign-in did not work", signOut: "Sign out?",
		signOutText: "You leave the meetings that you joined from this browser.", signedOut: "You are signed out",
		close: "You can close this page.", notOut: "You are not signed out",
		notOutText: "Your meetings cannot be ended at the moment. Try again in a minute.",
		signedIn:   "You are signed in", inApp: "Go back to the meeting in the app.", many: "Many people sign in",
		manyText: "Many people sign in from your network at the same time. This page tries again by itself in a moment.",
		SignOut:  "Sign out", OpenApp: "Open the app", Again: "Sign in again", Back: "Back to the meeting",
		Helper: "For who helps you:",
	}
}

func german() *words {
	return &words{Lang: "de",
		failed: "Die Anmeldung hat nicht geklappt", signOut: "Abmelden?",
		signOutText: "Sie verlassen die Besprechungen, denen Sie in diesem Browser beigetreten sind.",
		signedOut:   "Sie sind abgemeldet", close: "Sie können diese Seite schließen.", notOut: "Sie sind nicht abgemeldet",
		notOutText: "Ihre Besprechungen können gerade nicht beendet werden. Versuchen Sie es in einer Minute noch einmal.",
		signedIn:   "Sie sind angemeldet", inApp: "Gehen Sie in der App zurück zur Besprechung.", many: "Viele " +
			"melden sich an",
		manyText: "Aus Ihrem Netz melden sich gerade viele an. Diese Seite versucht es gleich von selbst noch einmal.",
		SignOut:  "Abmelden", OpenApp: "Die App öffnen", Again: "Noch einmal anmelden", Back: "Zurück zur Besprechung",
		Helper: "Wenn Ihnen jemand hilft:",
		denied: "Die Anmeldung gilt hier nicht. Melden Sie sich noch einmal an, oder fragen Sie den Betreiber " +
			"dieses Servers.",
		later: "Die Anmeldung kann gerade nicht geprüft werden. Versuchen Sie es in einer Minute noch einmal.",
		reasons: map[auth.Reason]string{
			auth.ReasonSignInState: "Diese Anmeldung ist vorbei. Melden Sie sich noch einmal an.",
			auth.ReasonSignInRefused: "Der Anmeldedienst hat Sie nicht angemeldet. Melden Sie sich noch einmal an, " +
				"oder fragen Sie, wer Ihnen Ihr Konto gegeben hat.",
			auth.ReasonSignInNotAllowed: "Ihr Konto darf diesen Server nicht benutzen. Fragen Sie den Betreiber " +
				"dieses Servers.",
			auth.ReasonSignInRoom: "Zu dieser Besprechung können Sie sich nicht anmelden. Öffnen Sie noch einmal " +
				"den Link, den Sie bekommen haben.",
			auth.ReasonProviderUnavailable: "Der Anmeldedienst ist gerade nicht erreichbar. Versuchen Sie es in " +
				"einer Minute noch einmal.",
		},
	}
}

// of is what a person is told of a refusal.
func (w *words) of(r auth.Reason) string {
	switch text := w.reasons[r]; {
	case text != "":
		return text
	case w.denied == "":
		return r.ClientText()
	case r.Undecided():
		return w.later
	}
	return w.denied
}

// wordsFor is the first language of a browser that there are words in.
func wordsFor(r *http.Request) *words {
	if language.Of(r, "en", "de") == "de" {
		return german()
	}
	return english()
}
