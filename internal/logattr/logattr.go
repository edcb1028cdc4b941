// Package logattr answers one question: what is an attribute of a log line called,
// and what does it hold? The same thing has the same name and form in every line,
// so that an operator can search for it: an account is a bare JID (XEP-0106 escapes
// and all), a room is one, an error is err. Names from outside are cut, as no client
// may fill the log. It starts no goroutine and has no lock.
package logattr

import (
	"log/slog"

	"usher/internal/loginid"
	"usher/internal/text"
)

// longest is how much of an address is written, in bytes.
const longest = 256

// Account is the bare JID of an account; empty if nobody was proven.
func Account(jid string) slog.Attr { return slog.String("account", text.ClipTo(jid, longest)) }

// Person says for people who is behind an account that Prosody drew at random: the id and
// the name that the token has. Without either it is nothing.
func Person(id, name string) []slog.Attr {
	if id == "" && name == "" {
		return nil
	}
	return []slog.Attr{slog.String("user_id", text.ClipTo(id, longest)), slog.String("user_name",
		text.ClipTo(name, longest))}
}

// Login names a login, and what rests on it; none is nothing.
func Login(id loginid.ID) slog.Attr {
	if id == 0 {
		return slog.Attr{}
	}
	return slog.String("login", id.String())
}

// Room is the bare JID of a room.
func Room(jid string) slog.Attr { return slog.String("room", text.ClipTo(jid, longest)) }

// Host is a virtual host, or what a client calls one.
func Host(name string) slog.Attr { return slog.String("host", text.Name(name)) }

// Err is why something came to nothing.
func Err(err error) slog.Attr { return slog.Any("err", err) }

// Hint is what to do about it: the setting, the module or the application to change.
func Hint(text string) slog.Attr { return slog.String("hint", text) }

// NotLogged says how many lines like this one were left out before it.
func NotLogged(lines int) slog.Attr { return slog.Int("not_logged", lines) }
