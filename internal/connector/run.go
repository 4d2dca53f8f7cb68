package connector

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

const (
	// maxCell bounds the text of one cell; longer ones are cut and marked.
	maxCell = 64 << 10
	// estimateLimit bounds EXPLAIN.
	estimateLimit = 10 * time.Second
	// netGrace is how much longer than the server's own limit a query is
	// waited for before the network counts as broken.
	netGrace = 5 * time.Second
)

// Estimate implements Conn with EXPLAIN, which does not run the query.
func (p *postgres) Estimate(ctx context.Context, sql sqlguard.Approved) (Estimate, error) {
	if sql.Explain() {
		return Estimate{}, nil
	}
	if err := p.beginChecked(ctx, sql, Limits{Timeout: estimateLimit}); err != nil {
		return Estimate{}, err
	}
	defer p.rollback(ctx)
	ctx, cancel := context.WithTimeout(ctx, estimateLimit+netGrace)
	defer cancel()
	var raw []byte
	values := make([]any, len(sql.Values()))
	for i, v := range sql.Values() {
		values[i] = v
	}
	if err := p.conn.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+sql.SQL(), values...).Scan(&raw); err != nil {
		return Estimate{}, queryError(ctx, err, estimateLimit)
	}
	var plans []struct {
		Plan struct {
			Cost float64 `json:"Total Cost"`
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(raw, &plans); err != nil || len(plans) != 1 {
		return Estimate{}, models.Wrap(err, models.CodeSQLError, "The database's estimate cannot be read.")
	}
	return Estimate{Cost: plans[0].Plan.Cost, Rows: plans[0].Plan.Rows}, nil
}

// Run implements Conn.
func (p *postgres) Run(ctx context.Context, sql sqlguard.Approved, limits Limits) (*models.Rows, error) {
	if limits.Timeout <= 0 || limits.MaxRows <= 0 || limits.MaxBytes <= 0 {
		return nil, errors.New("connector: a query without limits")
	}
	if err := p.beginChecked(ctx, sql, limits); err != nil {
		return nil, err
	}
	defer p.rollback(ctx)
	bounded, cancel := context.WithTimeout(ctx, limits.Timeout+netGrace)
	defer cancel()
	rows, err := p.read(bounded, sql, limits)
	if err == nil {
		return rows, nil
	}
	if bounded.Err() != nil && !isCancelled(err) {
		// The server did not confirm the end: ask it on another line.
		p.endElsewhere(ctx)
	}
	return nil, queryError(ctx, err, limits.Timeout)
}

// endElsewhere ends this session's backend through a second connection.
func (p *postgres) endElsewhere(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelLimit)
	defer cancel()
	other, err := openPostgres(ctx, p.config)
	if err != nil {
		return // the server is gone, and with it the query; statement_timeout bounds the rest
	}
	defer other.Close()
	_ = other.EndOthers(ctx)
}

// read fetches rows in text form until the end or a limit.
func (p *postgres) read(ctx context.Context, sql sqlguard.Approved, limits Limits) (*models.Rows, error) {
	var values [][]byte // their types are those of the casts around the parameters
	for _, v := range sql.Values() {
		values = append(values, []byte(v))
	}
	reader := p.conn.PgConn().ExecParams(ctx, sql.SQL(), values, nil, nil, nil)
	out := &models.Rows{Rows: [][]any{}}
	var bytes int64
	for reader.NextRow() {
		if out.Columns == nil {
			out.Columns = columns(reader.FieldDescriptions())
		}
		values := reader.Values()
		for _, value := range values {
			bytes += int64(min(len(value), maxCell)) + 8
		}
		if bytes > limits.MaxBytes && len(out.Rows) == 0 {
			p.stop(reader)
			return nil, models.Errorf(models.CodeQueryTooLarge, "A single row of the result is larger than %d bytes. Select fewer or smaller columns.", limits.MaxBytes)
		}
		if len(out.Rows) == limits.MaxRows || bytes > limits.MaxBytes {
			out.Truncated = true
			p.stop(reader)
			return out, nil
		}
		row := make([]any, len(values))
		for i, value := range values {
			row[i] = cell(value, reader.FieldDescriptions()[i].DataTypeOID)
		}
		out.Rows = append(out.Rows, row)
	}
	if out.Columns == nil {
		out.Columns = columns(reader.FieldDescriptions())
	}
	_, err := reader.Close()
	var large *pgproto3.ExceededMaxBodyLenErr
	if errors.As(err, &large) {
		return nil, models.Wrap(err, models.CodeQueryTooLarge, "A single row of the result is too large. Select fewer or smaller columns.")
	}
	return out, err
}

// stop ends a query of which enough was read, and waits until the server says so.
func (p *postgres) stop(reader *pgconn.ResultReader) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelLimit)
	defer cancel()
	_ = p.conn.PgConn().CancelRequest(ctx)
	_ = p.conn.PgConn().Conn().SetReadDeadline(time.Now().Add(cancelLimit))
	_, _ = reader.Close()
	if !p.conn.IsClosed() {
		_ = p.conn.PgConn().Conn().SetReadDeadline(time.Time{})
	}
}

func columns(fields []pgconn.FieldDescription) []models.Column {
	out := make([]models.Column, len(fields))
	for i, f := range fields {
		out[i] = models.Column{Name: f.Name, Type: columnType(f.DataTypeOID)}
	}
	return out
}

// Object ids of PostgreSQL's own types: they are the same on every server.
const (
	oidBool, oidBytea, oidInt8, oidInt2, oidInt4, oidText, oidOID = 16, 17, 20, 21, 23, 25, 26
	oidChar, oidName, oidJSON, oidFloat4, oidFloat8, oidBPChar    = 18, 19, 114, 700, 701, 1042
	oidVarchar, oidDate, oidTime, oidTimestamp, oidTimestampTZ    = 1043, 1082, 1083, 1114, 1184
	oidTimeTZ, oidNumeric, oidUUID, oidJSONB, oidUnknown          = 1266, 1700, 2950, 3802, 705
)

func columnType(oid uint32) string {
	switch oid {
	case oidBool:
		return "boolean"
	case oidInt2, oidInt4, oidInt8, oidOID:
		return "integer"
	case oidFloat4, oidFloat8, oidNumeric:
		return "number"
	case oidText, oidVarchar, oidBPChar, oidChar, oidName, oidUUID, oidUnknown:
		return "text"
	case oidDate:
		return "date"
	case oidTimestamp, oidTimestampTZ:
		return "timestamp"
	case oidTime, oidTimeTZ:
		return "time"
	case oidJSON, oidJSONB:
		return "json"
	}
	return "other"
}

// maxExact is the largest integer that JSON readers keep exactly.
const maxExact = 1 << 53

// cell reads PostgreSQL's text form into one of the kinds of models.Rows. What
// is not understood stays text.
func cell(raw []byte, oid uint32) any {
	if raw == nil {
		return nil
	}
	text := string(raw[:min(len(raw), maxCell)])
	switch oid {
	case oidBool:
		return text == "t"
	case oidInt2, oidInt4, oidInt8, oidOID:
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			return text
		case n > maxExact || n < -maxExact:
			return json.Number(text)
		}
		return n
	case oidFloat4, oidFloat8:
		bits := 64
		if oid == oidFloat4 {
			bits = 32
		}
		if f, err := strconv.ParseFloat(text, bits); err == nil && finite(text) {
			if bits == 32 { // 0.1, not 0.10000000149011612
				return json.Number(strconv.FormatFloat(f, 'g', -1, 32))
			}
			return f
		}
		return text
	case oidNumeric:
		if len(raw) > maxCell { // its first digits are another number
			return cutText(text)
		}
		if finite(text) {
			return json.Number(text)
		}
		return text
	case oidTimestamp, oidTimestampTZ:
		return timestamp(text)
	}
	if len(raw) > maxCell {
		return cutText(text)
	}
	return text
}

// finite tells numbers from NaN and the infinities, which JSON does not have.
func finite(text string) bool {
	return text != "NaN" && text != "Infinity" && text != "-Infinity"
}

// timestamp turns "2026-01-02 03:04:05.6+00" into RFC 3339's
// "2026-01-02T03:04:05.6Z"; the session's time zone is UTC. Dates BC and the
// infinities stay as they are.
func timestamp(text string) string {
	if len(text) < 19 || text[10] != ' ' {
		return text
	}
	body, zone := text, ""
	if n := len(text); text[n-3:] == "+00" {
		body, zone = text[:n-3], "Z"
	}
	return body[:10] + "T" + body[11:] + zone
}

// cutText ends a text that was cut at a whole character and says that it was.
func cutText(text string) string {
	for i := 0; i < 3 && len(text) > 0; i++ {
		if r := text[len(text)-1]; r < 0x80 {
			break
		} else if text = text[:len(text)-1]; r >= 0xc0 {
			break
		}
	}
	return text + "… (cut)"
}
