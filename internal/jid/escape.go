package jid

import "strings"

// escaper replaces the characters that XEP-0106 section 3.2 forbids.
var escaper = strings.NewReplacer(
	" ", `\20`, `"`, `\22`, "&", `\26`, "'", `\27`, "/", `\2f`, ":", `\3a`, "<", `\3c`, ">", `\3e`, "@", `\40`)

var unescaper = strings.NewReplacer(
	`\20`, " ", `\22`, `"`, `\26`, "&", `\27`, "'", `\2f`, "/", `\3a`, ":", `\3c`, "<", `\3e`, ">", `\40`, "@", `\5c`,
	`\`)

// A backslash is escaped only where it could be read as an escape.
var backslashEscaper = strings.NewReplacer(
	`\20`, `\5c20`, `\22`, `\5c22`, `\26`, `\5c26`, `\27`, `\5c27`, `\2f`, `\5c2f`, `\3a`, `\5c3a`,
	`\3c`, `\5c3c`, `\3e`, `\5c3e`, `\40`, `\5c40`, `\5c`, `\5c5c`)

// Escape returns s with the characters that no localpart may hold escaped by
// XEP-0106, as Prosody's util.jid does it.
func Escape(s string) string {
	if !strings.ContainsAny(s, ` "&'/:<>@\`) {
		return s
	}
	if strings.IndexByte(s, '\\') >= 0 {
		s = backslashEscaper.Replace(s)
	}
	return escaper.Replace(s)
}

// Unescape undoes Escape.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return unescaper.Replace(s)
}
