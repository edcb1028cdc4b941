package sqlite

import (
	"context"
	"database/sql"

	"usher/internal/record"
)

// A preparer is a *sql.Conn or a *sql.Tx.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// A writer is what writes, with its statements prepared.
type writer struct {
	on       preparer
	prepared map[string]*sql.Stmt
}

func newWriter(on preparer) *writer { return &writer{on, map[string]*sql.Stmt{}} }

// record makes the changes of one.
func (w *writer) record(ctx context.Context, payload []byte) error {
	for c, err := range record.Changes(payload) {
		if err != nil {
			return err
		}
		if err := w.exec(ctx, statementOf(c)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) exec(ctx context.Context, st statement) error {
	p := w.prepared[st.text]
	if p == nil {
		var err error
		if p, err = w.on.PrepareContext(ctx, st.text); err != nil {
			return err
		}
		w.prepared[st.text] = p
	}
	_, err := p.ExecContext(ctx, st.args...)
	return err
}
