package export

import (
	"bytes"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/zip"
	"github.com/xuri/excelize/v2"

	"github.com/datamind/datamind/models"
)

const (
	// sheetBytes ends a sheet before its XML passes 4 GiB, from where on Excel does
	// not open it.
	sheetBytes = 2 << 30
	// maxDigits is how many digits of a number a spreadsheet keeps.
	maxDigits = 15
	// cutMark ends a text that was longer than a cell may be.
	cutMark = "… (cut)"
	// Days since 1970-01-01 of the first and the last day that are a spreadsheet's:
	// before 1900-03-01 it counts a day that never was.
	epochSerial = 25569
	firstSerial = 61
	lastSerial  = 2958465
)

// sheetRows is how many rows a sheet holds, the line of names included. Tests
// make it smaller.
var sheetRows = excelize.TotalRows

// workbook writes XLSX. Numbers of at most 15 digits, booleans, dates and times
// are that; longer numbers are text, so that no digit is lost. A text that would
// be a formula begins with an apostrophe.
//
// excelize keeps each sheet in a temporary file until the workbook is saved, and
// then makes all of it in memory. So each sheet is a workbook of its own here,
// of which only the sheet is saved, into the zip that is being sent; the rest of
// it comes last, from a workbook with as many empty sheets.
type workbook struct {
	zip     *zip.Writer
	counted *countedWriter
	tempDir string
	columns []Column
	kinds   []kind

	file   *excelize.File // of the sheet that is written
	sheet  *excelize.StreamWriter
	styles sheetStyles
	sheets int
	row    int   // last written of the sheet
	size   int64 // of the sheet's texts

	cells  []excelize.Cell
	values []any
	cut    int64
}

type sheetStyles struct{ head, date, moment, time int }

func newWorkbook(out io.Writer, columns []Column, tempDir string) (*workbook, error) {
	if len(columns) > excelize.MaxColumns {
		return nil, models.Errorf(models.CodeExportFormat, "A spreadsheet has at most %d columns, and this query has %d.", excelize.MaxColumns, len(columns))
	}
	w := &workbook{counted: &countedWriter{out: out}, tempDir: tempDir, columns: columns, kinds: kindsOf(columns),
		cells: make([]excelize.Cell, len(columns)), values: make([]any, len(columns))}
	w.zip = zip.NewWriter(w.counted)
	if err := w.begin(); err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}

// blank makes an empty workbook. The same styles have the same ids in each.
func (w *workbook) blank() (*excelize.File, error) {
	f := excelize.NewFile(excelize.Options{TmpDir: w.tempDir})
	for _, style := range []struct {
		id     *int
		format string
	}{{&w.styles.date, "yyyy-mm-dd"}, {&w.styles.moment, "yyyy-mm-dd hh:mm:ss"}, {&w.styles.time, "hh:mm:ss"}} {
		id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &style.format})
		if err != nil {
			return nil, err
		}
		*style.id = id
	}
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	w.styles.head = head
	return f, err
}

// begin begins a sheet with the line of names.
func (w *workbook) begin() (err error) {
	if w.file, err = w.blank(); err != nil {
		return err
	}
	if w.sheet, err = w.file.NewStreamWriter("Sheet1"); err != nil {
		return err
	}
	if err = w.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	w.sheets++
	w.row, w.size = 1, 0
	for i, c := range w.columns {
		w.cells[i] = excelize.Cell{StyleID: w.styles.head}
		w.text(i, []byte(c.Name))
		w.values[i] = &w.cells[i]
	}
	return w.sheet.SetRow("A1", w.values)
}

// Row implements Writer.
func (w *workbook) Row(values [][]byte) error {
	if w.row == sheetRows || w.size > sheetBytes {
		if err := w.end(); err != nil {
			return err
		}
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.row++
	for i, v := range values {
		if w.values[i] = nil; v == nil {
			continue
		}
		w.cells[i] = excelize.Cell{}
		w.cell(i, v)
		w.values[i] = &w.cells[i]
		w.size += int64(len(v)) + 32
	}
	return w.sheet.SetRow("A"+strconv.Itoa(w.row), w.values)
}

// cell sets the cell of a column.
func (w *workbook) cell(i int, v []byte) {
	c := &w.cells[i]
	switch w.kinds[i] {
	case kindInt:
		if n, ok := integer(v); ok && n < 1e15 && n > -1e15 {
			c.Value = n
			return
		}
	case kindFloat:
		if f, ok := float(v); ok && f-f == 0 { // neither NaN nor infinite
			c.Value = f
			return
		}
	case kindNumeric:
		if f, ok := float(v); ok && f-f == 0 && significant(v) <= maxDigits {
			c.Value = f
			return
		}
	case kindBool:
		c.Value = v[0] == 't'
		return
	case kindDate:
		if days, rest, ok := date(v); ok && len(rest) == 0 && serial(days) {
			c.StyleID, c.Value = w.styles.date, days+epochSerial
			return
		}
	case kindTimestamp, kindInstant:
		if micros, ok := moment(v); ok && serial(floorDay(micros)) {
			days := floorDay(micros)
			c.StyleID, c.Value = w.styles.moment, float64(days+epochSerial)+float64(micros-days*dayMicros)/dayMicros
			return
		}
	case kindTime:
		if micros, rest, ok := clock(v); ok && len(rest) == 0 {
			c.StyleID, c.Value = w.styles.time, float64(micros)/dayMicros
			return
		}
	case kindUUID, kindBytes, kindInterval:
		c.Value = w.fit(string(v))
		return
	}
	w.text(i, v)
}

// text sets a cell to a text that a person may have chosen.
func (w *workbook) text(i int, v []byte) {
	if isFormula(v) && (w.kinds[i].free() || w.row == 1) { // row 1: the names
		w.cells[i].Value = w.fit("'" + string(v))
		return
	}
	w.cells[i].Value = w.fit(string(v))
}

// fit cuts a text to what a cell holds.
func (w *workbook) fit(v string) string {
	if len(v) <= excelize.TotalCellChars {
		return v
	}
	units, room := 0, excelize.TotalCellChars-utf8.RuneCountInString(cutMark)
	last := 0
	for at, r := range v {
		if units <= room {
			last = at
		}
		units += utf16.RuneLen(r)
	}
	if units <= excelize.TotalCellChars {
		return v
	}
	w.cut++
	return v[:last] + cutMark
}

// significant counts the digits of a number from the first that is not zero.
func significant(v []byte) (n int) {
	for _, c := range bytes.TrimLeft(v, "-0.") {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

func serial(days int64) bool {
	return days+epochSerial >= firstSerial && days+epochSerial <= lastSerial
}

func floorDay(micros int64) int64 {
	days := micros / dayMicros
	if micros%dayMicros < 0 {
		days--
	}
	return days
}

const sheetPath = "xl/worksheets/sheet"

// end sends the sheet, and frees what it took.
func (w *workbook) end() error {
	if err := w.sheet.Flush(); err != nil {
		return err
	}
	number := strconv.Itoa(w.sheets)
	return w.send(w.file, func(name string) string {
		if name == sheetPath+"1.xml" {
			return sheetPath + number + ".xml"
		}
		return ""
	})
}

// send saves the parts of a workbook to which name gives a name, and closes it.
func (w *workbook) send(f *excelize.File, name func(string) string) error {
	into := &zipParts{zip: w.zip, name: name}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return into })
	_, err := f.WriteToBuffer() // into the zip: the buffer stays empty
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// zipParts is what excelize writes a workbook to.
type zipParts struct {
	zip  *zip.Writer
	name func(string) string
}

// Create implements excelize.ZipWriter.
func (z *zipParts) Create(name string) (io.Writer, error) {
	if name = z.name(name); name == "" {
		return io.Discard, nil
	}
	return z.zip.Create(name)
}

// AddFS implements excelize.ZipWriter.
func (*zipParts) AddFS(fs.FS) error { return nil }

// Close implements excelize.ZipWriter.
func (*zipParts) Close() error { return nil }

// Buffered implements Writer. XML of cells becomes about a seventh in the zip.
func (w *workbook) Buffered() int64 { return w.counted.n + w.size/7 }

// Cut implements Writer.
func (w *workbook) Cut() int64 { return w.cut }

// Close implements Writer.
func (w *workbook) Close() error {
	if err := w.end(); err != nil {
		return err
	}
	rest, err := w.blank()
	if err != nil {
		return err
	}
	for i := 2; i <= w.sheets; i++ {
		if _, err := rest.NewSheet("Sheet" + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	err = w.send(rest, func(name string) string {
		if strings.HasPrefix(name, sheetPath) {
			return ""
		}
		return name
	})
	if err != nil {
		return err
	}
	return w.zip.Close()
}

// Discard implements Writer.
func (w *workbook) Discard() {
	if w.file != nil {
		_ = w.file.Close()
	}
}
