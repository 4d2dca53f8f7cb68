package export

import (
	"bytes"
	"io"
	"math"
	"reflect"

	"github.com/parquet-go/parquet-go"

	"github.com/datamind/datamind/models"
)

const (
	// groupRows is how many rows a row group has: it is what is held in memory.
	groupRows = 100_000
	// batchRows is how many rows are handed to the columns at once.
	batchRows = 512
	// maxPrecision is that of a decimal in Parquet's 16 bytes.
	maxPrecision = 38
)

// table writes Parquet: whole numbers, floating ones, decimals of columns with a
// precision, booleans, dates, times, UUIDs and bytes by their own types; JSON and
// arrays as JSON; all else, such as decimals of any length, as text.
type table struct {
	w       *parquet.GenericWriter[any]
	counted *countedWriter
	columns []*tableColumn
	rows    int // in the batch
	group   int // rows in the row group
}

// tableColumn collects a batch of one column.
type tableColumn struct {
	name   string
	index  int
	read   func(c *tableColumn, v []byte) (parquet.Value, bool)
	oid    uint32
	scale  int
	values []parquet.Value
	// arena holds the batch's texts: the rows' own bytes are not kept.
	arena   []byte
	scratch bytes.Buffer
}

func newParquet(out io.Writer, columns []Column, c models.Compression) (*table, error) {
	t := &table{counted: &countedWriter{out: out}}
	root := schemaRoot{}
	for i, name := range unique(columns) {
		node, col := parquetColumn(columns[i])
		col.name, col.index = name, i
		t.columns = append(t.columns, col)
		root.fields = append(root.fields, &schemaField{parquet.Optional(node), name})
	}
	if len(columns) == 0 {
		return nil, models.Errorf(models.CodeExportFormat, "A Parquet file needs a column, and this query has none.")
	}
	options := []parquet.WriterOption{parquet.NewSchema("rows", root), parquet.CreatedBy("DataMind", "1", "1")}
	switch c {
	case models.CompressionGzip:
		options = append(options, parquet.Compression(&parquet.Gzip))
	case models.CompressionZstd:
		options = append(options, parquet.Compression(&parquet.Zstd))
	default: // what readers expect of a file that nobody asked to be smaller
		options = append(options, parquet.Compression(&parquet.Snappy))
	}
	t.w = parquet.NewGenericWriter[any](t.counted, options...)
	return t, nil
}

// schemaRoot is a group whose fields keep their order; parquet's own sorts them.
type schemaRoot struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (r schemaRoot) Fields() []parquet.Field { return r.fields }

type schemaField struct {
	parquet.Node
	name string
}

// Name implements parquet.Field.
func (f *schemaField) Name() string { return f.name }

// Value implements parquet.Field. Columns are written by value: no Go value has them.
func (f *schemaField) Value(base reflect.Value) reflect.Value { return base }

// parquetColumn chooses the type of a column, and how its values are read.
func parquetColumn(c Column) (parquet.Node, *tableColumn) {
	col := &tableColumn{oid: c.Type}
	switch kindOf(c.Type) {
	case kindBool:
		col.read = func(_ *tableColumn, v []byte) (parquet.Value, bool) { return parquet.BooleanValue(v[0] == 't'), true }
		return parquet.Leaf(parquet.BooleanType), col
	case kindInt:
		if c.Type == oidInt8 || c.Type == 26 {
			col.read = readInt64
			return parquet.Int(64), col
		}
		col.read = readInt32
		return parquet.Int(32), col
	case kindFloat:
		if c.Type == oidFloat4 {
			col.read = func(_ *tableColumn, v []byte) (parquet.Value, bool) {
				f, ok := float(v)
				return parquet.FloatValue(float32(f)), ok
			}
			return parquet.Leaf(parquet.FloatType), col
		}
		col.read = func(_ *tableColumn, v []byte) (parquet.Value, bool) {
			f, ok := float(v)
			return parquet.DoubleValue(f), ok
		}
		return parquet.Leaf(parquet.DoubleType), col
	case kindNumeric:
		return decimalColumn(c, col)
	case kindDate:
		col.read = readDate
		return parquet.Date(), col
	case kindTimestamp, kindInstant:
		col.read = readMoment
		return parquet.TimestampAdjusted(parquet.Microsecond, kindOf(c.Type) == kindInstant), col
	case kindTime:
		col.read = func(_ *tableColumn, v []byte) (parquet.Value, bool) {
			micros, rest, ok := clock(v)
			return parquet.Int64Value(micros), ok && len(rest) == 0
		}
		return parquet.Time(parquet.Microsecond), col
	case kindUUID:
		col.read = readUUID
		return parquet.UUID(), col
	case kindBytes:
		col.read = func(c *tableColumn, v []byte) (value parquet.Value, ok bool) {
			begin := len(c.arena)
			c.arena, ok = unhex(c.arena, v)
			return parquet.ByteArrayValue(c.arena[begin:]), ok
		}
		return parquet.Leaf(parquet.ByteArrayType), col
	case kindJSON:
		col.read = readText
		return parquet.JSON(), col
	case kindArray:
		col.read = func(c *tableColumn, v []byte) (parquet.Value, bool) {
			begin := len(c.arena)
			c.arena = appendJSON(c.arena, v, c.oid, kindArray, &c.scratch)
			return parquet.ByteArrayValue(c.arena[begin:]), true
		}
		return parquet.JSON(), col
	}
	col.read = readText
	return parquet.String(), col
}

// decimalColumn is a decimal where the column says how many digits it has.
func decimalColumn(c Column, col *tableColumn) (parquet.Node, *tableColumn) {
	precision, scale := int(c.Modifier-4)>>16, int(c.Modifier-4)&0x7ff
	if c.Modifier < 4 || scale > precision || precision > maxPrecision {
		col.read = readText
		return parquet.String(), col
	}
	col.scale = scale
	switch {
	case precision <= 9:
		col.read = func(c *tableColumn, v []byte) (parquet.Value, bool) {
			n, ok := unscaled(v, c.scale)
			return parquet.Int32Value(int32(n)), ok
		}
		return parquet.Decimal(scale, precision, parquet.Int32Type), col
	case precision <= 18:
		col.read = func(c *tableColumn, v []byte) (parquet.Value, bool) {
			n, ok := unscaled(v, c.scale)
			return parquet.Int64Value(n), ok
		}
		return parquet.Decimal(scale, precision, parquet.Int64Type), col
	}
	col.read = func(c *tableColumn, v []byte) (parquet.Value, bool) {
		begin := len(c.arena)
		c.arena = append(c.arena, make([]byte, 16)...)
		return parquet.FixedLenByteArrayValue(c.arena[begin:]), unscaledBig(c.arena[begin:], v, c.scale)
	}
	return parquet.Decimal(scale, precision, parquet.FixedLenByteArrayType(16)), col
}

func readInt64(_ *tableColumn, v []byte) (parquet.Value, bool) {
	n, ok := integer(v)
	return parquet.Int64Value(n), ok
}

func readInt32(_ *tableColumn, v []byte) (parquet.Value, bool) {
	n, ok := integer(v)
	return parquet.Int32Value(int32(n)), ok
}

// readDate reads a date; the infinities are the first and the last day.
func readDate(_ *tableColumn, v []byte) (parquet.Value, bool) {
	switch infinite(v) {
	case 1:
		return parquet.Int32Value(math.MaxInt32), true
	case -1:
		return parquet.Int32Value(-math.MaxInt32), true
	}
	days, rest, ok := date(v)
	return parquet.Int32Value(int32(days)), ok && len(rest) == 0
}

func readMoment(_ *tableColumn, v []byte) (parquet.Value, bool) {
	switch infinite(v) {
	case 1:
		return parquet.Int64Value(math.MaxInt64), true
	case -1:
		return parquet.Int64Value(-math.MaxInt64), true
	}
	micros, ok := moment(v)
	return parquet.Int64Value(micros), ok
}

func readUUID(c *tableColumn, v []byte) (parquet.Value, bool) {
	begin := len(c.arena)
	if len(v) != 36 {
		return parquet.Value{}, false
	}
	for i := 0; i < 36; i += 2 {
		if v[i] == '-' {
			i++
		}
		high, low := nibble(v[i]), nibble(v[i+1])
		if high > 15 || low > 15 {
			return parquet.Value{}, false
		}
		c.arena = append(c.arena, high<<4|low)
	}
	return parquet.FixedLenByteArrayValue(c.arena[begin:]), len(c.arena)-begin == 16
}

func readText(c *tableColumn, v []byte) (parquet.Value, bool) {
	begin := len(c.arena)
	c.arena = append(c.arena, v...)
	return parquet.ByteArrayValue(c.arena[begin:]), true
}

// Row implements Writer.
func (t *table) Row(values [][]byte) error {
	for i, v := range values {
		c := t.columns[i]
		if v == nil {
			c.values = append(c.values, parquet.Value{}.Level(0, 0, i))
			continue
		}
		value, ok := c.read(c, v)
		if !ok {
			return models.Errorf(models.CodeExportFormat, "The column %q has a value that its type in Parquet does not have, such as NaN among decimals. Cast the column to text, or export another format.", c.name)
		}
		c.values = append(c.values, value.Level(0, 1, i))
	}
	if t.rows++; t.rows < batchRows {
		return nil
	}
	return t.flush()
}

// flush hands the batch to the columns, and writes a row group that is full.
func (t *table) flush() error {
	writers := t.w.ColumnWriters()
	for i, c := range t.columns {
		if _, err := writers[i].WriteRowValues(c.values); err != nil {
			return err
		}
		c.values, c.arena = c.values[:0], c.arena[:0]
	}
	t.group += t.rows
	t.rows = 0
	if t.group < groupRows {
		return nil
	}
	t.group = 0
	return t.w.Flush()
}

// Buffered implements Writer.
func (t *table) Buffered() int64 { return t.counted.n }

// Cut implements Writer.
func (*table) Cut() int64 { return 0 }

// Close implements Writer.
func (t *table) Close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.w.Close()
}

// Discard implements Writer.
func (*table) Discard() {}

type countedWriter struct {
	out io.Writer
	n   int64
}

// Write implements io.Writer.
func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.n += int64(n)
	return n, err
}
