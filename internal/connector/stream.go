package connector

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// Field is a column of a stream, as the database describes it.
type Field struct {
	Name     string
	Type     uint32 // the type's oid
	Modifier int32  // the type's modifier, -1 for none
}

// Sink takes the rows of a stream.
type Sink interface {
	// Begin is told the columns, before the first row and where there is none.
	Begin(fields []Field) error
	// Row takes a row in the database's text form; nil is NULL. The bytes are the
	// stream's: they hold until Row returns.
	Row(values [][]byte) error
}

// stopEvery is after how many rows a stream looks whether it is to end.
const stopEvery = 256

// Stream implements Conn.
func (p *postgres) Stream(ctx context.Context, sql sqlguard.Approved, timeout time.Duration, sink Sink) error {
	if timeout <= 0 {
		return errors.New("connector: a stream without a limit")
	}
	if err := p.beginChecked(ctx, sql, Limits{Timeout: timeout}); err != nil {
		return err
	}
	defer p.rollback(ctx)
	// Else a scan begins where another one is just then, and two readings of a
	// table differ in their order.
	if _, err := p.conn.Exec(ctx, "SELECT set_config('synchronize_seqscans', 'off', true)"); err != nil {
		return queryError(ctx, err, timeout)
	}
	bounded, cancel := context.WithTimeout(ctx, timeout+netGrace)
	defer cancel()
	err := p.pour(bounded, sql, sink)
	var own *sinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case bounded.Err() != nil && !isCancelled(err):
		p.endElsewhere(ctx) // the server did not confirm the end
	}
	return queryError(ctx, err, timeout)
}

// sinkError is an error of the sink's, not of the database.
type sinkError struct{ error }

// Unwrap returns the sink's error.
func (e *sinkError) Unwrap() error { return e.error }

// pour hands rows to the sink until the end. When it returns the query has
// stopped, or the session is closed.
func (p *postgres) pour(ctx context.Context, sql sqlguard.Approved, sink Sink) error {
	var values [][]byte // their types are those of the casts around the parameters
	for _, v := range sql.Values() {
		values = append(values, []byte(v))
	}
	reader := p.conn.PgConn().ExecParams(ctx, sql.SQL(), values, nil, nil, nil)
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		return sink.Begin(fieldsOf(reader.FieldDescriptions()))
	}
	for n := 0; reader.NextRow(); n++ {
		err := begin()
		if err == nil {
			err = sink.Row(reader.Values())
		}
		if err != nil {
			p.stop(reader)
			return &sinkError{err}
		}
		if n%stopEvery == 0 && ctx.Err() != nil { // the request to cancel is on its way
			break
		}
	}
	_, err := reader.Close()
	var large *pgproto3.ExceededMaxBodyLenErr
	switch {
	case errors.As(err, &large):
		return models.Wrap(err, models.CodeQueryTooLarge, "A single row of the result is too large. Select fewer or smaller columns.")
	case err == nil && ctx.Err() != nil: // it ended by itself before it was told to
		return ctx.Err()
	case err == nil:
		if err := begin(); err != nil {
			return &sinkError{err}
		}
	}
	return err
}

func fieldsOf(descriptions []pgconn.FieldDescription) []Field {
	out := make([]Field, len(descriptions))
	for i, f := range descriptions {
		out[i] = Field{Name: f.Name, Type: f.DataTypeOID, Modifier: f.TypeModifier}
	}
	return out
}

// Kind is the field's type as results name it: number, integer, text and so on.
func (f Field) Kind() string { return columnType(f.Type) }
