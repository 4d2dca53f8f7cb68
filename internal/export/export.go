// Package export writes rows as files: CSV, TSV, JSON Lines, XLSX and Parquet,
// each of them compressed where that is asked for.
//
// Rows come in the text form in which PostgreSQL sends them with the time zone
// UTC, DateStyle ISO and hexadecimal bytea. The text formats write most of it
// down as it is; only the formats with types of their own read it. No writer
// keeps more than a bounded number of rows in memory.
package export

import (
	"compress/gzip"
	"fmt"
	"io"

	fastgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/datamind/datamind/models"
)

// Column is a column of the rows, as PostgreSQL describes it.
type Column struct {
	Name     string
	Type     uint32 // the type's oid
	Modifier int32  // the type's modifier, -1 for none
}

// Options say what is written.
type Options struct {
	Format      models.ExportFormat
	Compression models.Compression // "" means none
	// Headless leaves the line of column names out of CSV and TSV: it is for parts
	// after the first.
	Headless bool
	// TempDir is where XLSX keeps a sheet until it is full; "" means the system's.
	TempDir string
}

// Writer writes rows. It is for one goroutine.
type Writer interface {
	// Row writes a row. nil is NULL. Nothing of values is kept.
	Row(values [][]byte) error
	// Buffered is about how many bytes wait to be written, or were, for estimates
	// of the size before Close.
	Buffered() int64
	// Cut is how many texts were cut because the format holds no longer ones.
	Cut() int64
	// Close writes all that is left. The io.Writer below stays open.
	Close() error
	// Discard frees what the writer holds. After Close it does nothing.
	Discard()
}

// New makes a writer onto out.
func New(out io.Writer, columns []Column, o Options) (Writer, error) {
	if o.Format == models.FormatParquet { // compresses its own pages
		return newParquet(out, columns, o.Compression)
	}
	packed, err := Compress(out, o.Compression)
	if err != nil {
		return nil, err
	}
	var w Writer
	switch o.Format {
	case models.FormatCSV:
		w = newSeparated(packed, columns, ',', o.Headless)
	case models.FormatTSV:
		w = newSeparated(packed, columns, '\t', o.Headless)
	case models.FormatJSONL:
		w = newLines(packed, columns)
	case models.FormatXLSX:
		w, err = newWorkbook(packed, columns, o.TempDir)
	default:
		err = models.Errorf(models.CodeInvalid, "There is no format %q; there are csv, tsv, jsonl, xlsx and parquet.", o.Format)
	}
	if err != nil {
		return nil, err
	}
	return &packedWriter{Writer: w, pack: packed}, nil
}

// packedWriter ends the compression after the format.
type packedWriter struct {
	Writer
	pack io.WriteCloser
}

// Close implements Writer.
func (p *packedWriter) Close() error {
	if err := p.Writer.Close(); err != nil {
		return err
	}
	return p.pack.Close()
}

// Discard implements Writer.
func (p *packedWriter) Discard() {
	p.Writer.Discard()
	if z, ok := p.pack.(*zstd.Encoder); ok {
		_ = z.Close() // its goroutine ends; what it writes is thrown away with the rest
	}
}

// Compress makes one member of a compressed file. Members end to end are a
// compressed file again.
func Compress(out io.Writer, c models.Compression) (io.WriteCloser, error) {
	switch c {
	case "", models.CompressionNone:
		return nopCloser{out}, nil
	case models.CompressionGzip:
		return fastgzip.NewWriterLevel(out, gzip.DefaultCompression)
	case models.CompressionZstd:
		return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	}
	return nil, models.Errorf(models.CodeInvalid, "There is no compression %q; there are none, gzip and zstd.", c)
}

type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// unique gives columns of the same name other ones: "id", "id_2". Names are
// keys in JSON and in Parquet.
func unique(columns []Column) []string {
	taken, out := map[string]bool{}, make([]string, len(columns))
	for _, c := range columns {
		taken[c.Name] = true
	}
	seen := map[string]bool{}
	for i, c := range columns {
		name := c.Name
		for n := 2; name == "" || seen[name] || name != c.Name && taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", c.Name, n)
			if c.Name == "" {
				name = fmt.Sprintf("column_%d", i+n-1)
			}
		}
		seen[name], out[i] = true, name
	}
	return out
}
