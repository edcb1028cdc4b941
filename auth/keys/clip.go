package keys

import "usher/internal/text"

// clip cuts a text of unknown origin for a log line or a message.
func clip[T ~string | ~[]byte](s T) string { return text.Name(s) }
