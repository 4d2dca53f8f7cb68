package activities

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/export"
	"github.com/datamind/datamind/models"
)

// A part that can be gone on from ends after so many rows, twice as many as the
// one before: a crash early costs little, and a large export has few objects.
const (
	firstPartRows = 10_000
	maxPartRows   = 640_000
	maxPartBytes  = 64 << 20
)

// errBeginAnew says that the finished parts do not fit the rows that come.
var errBeginAnew = errors.New("the export begins anew")

// exportWriter takes rows from the database, puts them into their format and
// divides them into parts. What becomes of the bytes is the part store's, which
// works beside it.
type exportWriter struct {
	run   *exportRun
	ctx   context.Context
	plan  exportPlan
	parts []models.ExportPart // finished before

	columns []export.Column
	key     []int // places of the key's columns; none where there is one part
	store   *partStore
	format  export.Writer
	number  int // of the part
	rows    int64
	all     int64    // rows of all parts
	last    [][]byte // the key of the last row
}

func newExportWriter(ctx context.Context, run *exportRun, plan exportPlan, parts []models.ExportPart) *exportWriter {
	w := &exportWriter{run: run, ctx: ctx, plan: plan, parts: parts, number: len(parts)}
	for _, p := range parts {
		w.all += p.Rows
	}
	return w
}

// Begin implements connector.Sink.
func (w *exportWriter) Begin(fields []connector.Field) (err error) {
	e := w.run.row
	columns := make([]models.Column, len(fields))
	for i, f := range fields {
		columns[i] = models.Column{Name: f.Name, Type: f.Kind()}
		w.columns = append(w.columns, export.Column{Name: f.Name, Type: f.Type, Modifier: f.Modifier})
	}
	if len(w.parts) > 0 && !reflect.DeepEqual(columns, e.Columns) {
		e.Parts = 0
		return errBeginAnew
	}
	continues := w.plan.order != nil
	e.Columns, e.Estimate, e.KeyColumns, e.Continues = columns, int64(w.plan.estimate.Rows), []string{}, &continues
	if continues {
		e.KeyColumns = w.plan.order.Columns()
		for _, name := range e.KeyColumns {
			w.key = append(w.key, slices.IndexFunc(fields, func(f connector.Field) bool { return f.Name == name }))
		}
		if slices.Contains(w.key, -1) {
			return fmt.Errorf("the key %q is not among the columns of the result", e.KeyColumns)
		}
		w.last = make([][]byte, len(w.key))
	}
	err = keepTrying(w.ctx, func(ctx context.Context) error {
		return w.run.Query.Store.PlanExport(ctx, w.run.scope, e, len(w.parts) == 0)
	})
	if err != nil {
		return err
	}
	w.run.rows.Store(e.Rows)
	w.run.bytes.Store(e.Bytes)
	if w.store, err = newPartStore(w.ctx, w.run, w.parts); err != nil {
		return err
	}
	return w.open()
}

// open begins a part.
func (w *exportWriter) open() (err error) {
	e := w.run.row
	w.number++
	w.rows = 0
	w.run.part.Store(int64(w.number))
	o := export.Options{Format: e.Format, Headless: w.number > 1, TempDir: w.run.TempDir}
	if e.Format == models.FormatParquet { // compresses its own pages
		o.Compression = e.Compression
	}
	w.format, err = export.New(w.store, w.columns, o)
	return err
}

// Row implements connector.Sink.
func (w *exportWriter) Row(values [][]byte) error {
	if limit := w.run.row.MaxRows; w.all == limit {
		return models.Errorf(models.CodeExportLimit,
			"The query has more than %d rows, which is the most that your role may export. Ask for less, or have an administrator raise the limit.", limit)
	}
	if len(w.key) > 0 && w.full() && w.fresh(values) {
		if err := w.finish(false); err != nil {
			return err
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	if err := w.format.Row(values); err != nil {
		return err
	}
	for i, place := range w.key {
		w.last[i] = append(w.last[i][:0], values[place]...)
	}
	w.rows++
	w.all++
	if w.all%128 == 0 {
		w.run.rows.Store(w.all)
	}
	return nil
}

// full says that the part is as large as it may be.
func (w *exportWriter) full() bool {
	rows := int64(maxPartRows)
	if doublings := w.number - 1; doublings < 6 {
		rows = firstPartRows << doublings
	}
	return w.rows >= rows || w.rows%1024 == 0 && w.rows > 0 && w.format.Buffered() >= maxPartBytes
}

// fresh says that a row has another key than the one before it: only there may a
// part end.
func (w *exportWriter) fresh(values [][]byte) bool {
	for i, place := range w.key {
		if string(values[place]) != string(w.last[i]) {
			return true
		}
	}
	return false
}

// finish ends a part.
func (w *exportWriter) finish(last bool) error {
	if err := w.format.Close(); err != nil {
		return err
	}
	end := partEnd{rows: w.rows, cut: w.format.Cut(), key: []string{}, last: last}
	if w.rows > 0 {
		for _, k := range w.last {
			end.key = append(end.key, string(k))
		}
	}
	w.run.rows.Store(w.all)
	return w.store.endPart(end)
}

// end ends the export with what its stream ended with: all is written and
// recorded, or nothing of the unfinished part is left.
func (w *exportWriter) end(streamed error) error {
	if w.store == nil {
		return streamed
	}
	if streamed == nil {
		streamed = w.finish(true)
	}
	if streamed != nil {
		w.format.Discard()
		w.store.abort()
		return streamed
	}
	return w.store.close()
}
