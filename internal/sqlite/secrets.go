package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	secretBytes = 32
	getSecret   = "SELECT value FROM secrets WHERE name = ?"
	// the one that is there stays
	putSecret = "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
)

// Secret returns the 32 random bytes of a name. They are made the first time, and on the
// disk when they are returned: what was made with them is still known after a power
// failure. They are in the file alone, without the journal.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	select {
	case <-s.stop:
		return nil, s.wrap(errClosed)
	default:
	}
	var text string
	err := s.db.QueryRowContext(ctx, getSecret, name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		random := make([]byte, secretBytes)
		rand.Read(random)
		if _, err := s.db.ExecContext(ctx, putSecret, name, hex.EncodeToString(random)); err != nil {
			return nil, s.wrap(err)
		}
		err = s.db.QueryRowContext(ctx, getSecret, name).Scan(&text)
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("state %s: the secret %q cannot be read; delete its row of the table secrets, and "+
			"it is made anew", s.path, name)
	}
	return secret, nil
}
