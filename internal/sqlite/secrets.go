package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

const (
	secretBytes = 32
	// the one that is there stays
	putSecret = "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
)

// Secret returns the 32 random bytes of a name. They are made the first time, and on the
// disk when they are returned: what was made with them is still known after a power
// failure.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	random := make([]byte, secretBytes)
	rand.Read(random)
	if err := s.submit(ctx, []statement{{putSecret, []any{name, hex.EncodeToString(random)}}}); err != nil {
		return nil, err
	}
	if err := s.Sync(ctx); err != nil {
		return nil, err
	}
	var text string
	if err := s.db.QueryRowContext(ctx, "SELECT value FROM secrets WHERE name = ?", name).Scan(&text); err != nil {
		return nil, fmt.Errorf("state %s: %w", s.path, err)
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("state %s: the secret %q cannot be read; delete its row of the table secrets, and "+
			"it is made anew", s.path, name)
	}
	return secret, nil
}
