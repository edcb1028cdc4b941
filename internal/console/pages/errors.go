package pages

import (
	"errors"

	"usher/internal/admin"
)

// asUnreachable tells an API that does not answer from one that says no.
func asUnreachable(err error) (*admin.UnreachableError, bool) {
	return errors.AsType[*admin.UnreachableError](err)
}
