package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// textOID is that of PostgreSQL's type text.
const textOID = 25

func texts(names ...string) (columns []Column) {
	for _, name := range names {
		columns = append(columns, Column{Name: name, Type: textOID, Modifier: -1})
	}
	return columns
}

// written is the file of rows; "∅" stands for NULL.
func written(t testing.TB, o Options, columns []Column, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	w, err := New(&out, columns, o)
	require.NoError(t, err)
	defer w.Discard()
	for _, row := range rows {
		values := make([][]byte, len(row))
		for i, text := range row {
			if text != "∅" {
				values[i] = []byte(text)
			}
		}
		require.NoError(t, w.Row(values))
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestCSVTellsNullFromEmptyAndQuotesWhatItMust(t *testing.T) {
	t.Parallel()
	got := written(t, Options{Format: models.FormatCSV}, texts("a", `b "quoted", with comma`),
		[]string{"∅", ""}, []string{"x,y", `say "hi"`}, []string{"two\nlines", "cr\rhere"}, []string{`\.`, " kept "}, []string{"ü✓", "'"})
	require.Equal(t, "a,\"b \"\"quoted\"\", with comma\"\n,\"\"\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"cr\rhere\"\n\"\\.\", kept \nü✓,'\n", string(got))
	records, err := csv.NewReader(bytes.NewReader(got)).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 6)

	require.Equal(t, "a\n\"\"\nx\n", string(written(t, Options{Format: models.FormatCSV}, texts("a"), []string{"∅"}, []string{"x"})), "a row is never an empty line")
	require.Equal(t, "a\tb\nx,y\t\"1\t2\"\n", string(written(t, Options{Format: models.FormatTSV}, texts("a", "b"), []string{"x,y", "1\t2"})))
	require.Equal(t, "1\n", string(written(t, Options{Format: models.FormatCSV, Headless: true}, texts("a"), []string{"1"})))
}

// hostile are texts, and how a spreadsheet's formats write them.
var hostile = map[string]string{
	"=1+1": "'=1+1", "+1+1": "'+1+1", "-1+1": "'-1+1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
	`=cmd|' /C calc'!A0`: `'=cmd|' /C calc'!A0`, "＝1+1": "'＝1+1", "－x": "'－x", "-": "'-", "+": "'+", "--1": "'--1", "-1-": "'-1-", "+49 170 1": "'+49 170 1", "-1e": "'-1e", "-.": "'-.",
	"-5": "-5", "+5": "+5", "-5.25": "-5.25", "-.5": "-.5", "-1e10": "-1e10", "+1E-3": "+1E-3", "5-": "5-", "a=b": "a=b", " =1": " =1", "": "",
}

func TestFormulasAreNeutralisedAndNumbersUntouched(t *testing.T) {
	t.Parallel()
	number := Column{Name: "n", Type: 1700, Modifier: -1}
	for text, want := range hostile {
		raw := written(t, Options{Format: models.FormatCSV}, append(texts("=head"), number), []string{text, "-5.10"})
		records, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{"'=head", "n"}, records[0])
		require.Equal(t, []string{strings.ReplaceAll(want, "\r\n", "\n"), "-5.10"}, records[1], "%q", text)

		sheet := openSheet(t, written(t, Options{Format: models.FormatXLSX}, append(texts("=head"), number), []string{text, "-5.10"}))
		head, err := sheet.GetCellValue("Sheet1", "A1")
		require.NoError(t, err)
		require.Equal(t, "'=head", head)
		cell, err := sheet.GetCellValue("Sheet1", "A2")
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(want, "\r", "\n"), strings.ReplaceAll(cell, "\r", "\n"), "%q", text)
		formula, err := sheet.GetCellFormula("Sheet1", "A2")
		require.NoError(t, err)
		require.Empty(t, formula)
		value, err := sheet.GetCellValue("Sheet1", "B2", excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		require.Equal(t, "-5.1", value)

		var line map[string]any
		require.NoError(t, json.Unmarshal(written(t, Options{Format: models.FormatJSONL}, texts("a"), []string{text}), &line))
		require.Equal(t, text, line["a"], "JSON keeps the text")
	}
}

func openSheet(t testing.TB, raw []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// everything is a row of each type in PostgreSQL's own words.
const everything = `SELECT true AS yes, false AS no, 7::int2 AS small, '-2147483648'::int4 AS whole, 9007199254740993::int8 AS big,
	0.1::float4 AS single, 1e300::float8 AS double, 'NaN'::float8 AS nan, '-Infinity'::float8 AS inf,
	'-12345.60'::numeric(12,2) AS money, 0.05::numeric(4,2) AS small_money, 123456789012345678901234567890.123456::numeric(36,6) AS huge, 1.000000000000000000000000000001::numeric AS exact,
	date '2026-02-28' AS day, date '0044-03-15 BC' AS ides, date 'infinity' AS never, timestamp '2026-02-28 10:11:12.345678' AS wall,
	timestamptz '2026-02-28 10:11:12+02' AS moment, time '10:11:12.5' AS clock, interval '1 day -2 hours' AS span,
	'00000000-0000-0000-0000-0000000000ff'::uuid AS id, '\x00ff10'::bytea AS bytes, '{"a": [1, "x"]}'::jsonb AS doc, E'{\n  "a":\t1\n}'::json AS pretty,
	ARRAY[1,NULL,3] AS list, ARRAY[['a b','c"d'],['NULL',E'e\\f\n']] AS grid, ARRAY[1.5,'NaN']::numeric[] AS decimals, ARRAY[true,false] AS flags, '{}'::text[] AS none, '[0:1]={5,6}'::int[] AS bounds,
	ARRAY['{"a": 1}']::jsonb[] AS docs, ARRAY[timestamptz '2026-01-01 00:00+00'] AS moments, E'text ✓\n"x"\\' AS words, ''::text AS empty, NULL::text AS nothing, NULL::int AS no_number, 'x'::"char" AS one_char, '-1'::money AS cash`

// fetch runs a query as the connector does: text form, UTC.
func fetch(t testing.TB, sql string) ([]Column, [][][]byte) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.PgConn().Exec(t.Context(), "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET lc_monetary = 'C'").ReadAll()
	require.NoError(t, err)
	result := conn.PgConn().ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
	require.NoError(t, result.Err)
	var columns []Column
	for _, f := range result.FieldDescriptions {
		columns = append(columns, Column{Name: f.Name, Type: f.DataTypeOID, Modifier: f.TypeModifier})
	}
	return columns, result.Rows
}

func rowsWritten(t testing.TB, o Options, columns []Column, rows [][][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	w, err := New(&out, columns, o)
	require.NoError(t, err)
	defer w.Discard()
	for _, row := range rows {
		require.NoError(t, w.Row(row))
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestEveryTypeInEveryFormat(t *testing.T) {
	t.Parallel()
	columns, rows := fetch(t, everything)
	t.Run("csv", func(t *testing.T) {
		t.Parallel()
		records, err := csv.NewReader(bytes.NewReader(rowsWritten(t, Options{Format: models.FormatCSV}, columns, rows))).ReadAll()
		require.NoError(t, err)
		got := map[string]string{}
		for i, name := range records[0] {
			got[name] = records[1][i]
		}
		for name, want := range map[string]string{"yes": "true", "no": "false", "big": "9007199254740993", "single": "0.1", "double": "1e+300", "nan": "NaN", "inf": "-Infinity", "money": "-12345.60",
			"exact": "1.000000000000000000000000000001", "ides": "0044-03-15 BC", "moment": "2026-02-28 08:11:12+00", "span": "1 day -02:00:00", "bytes": `\x00ff10`, "doc": `{"a": [1, "x"]}`,
			"list": "{1,NULL,3}", "words": "text ✓\n\"x\"\\", "empty": "", "nothing": "", "cash": "-$1.00"} {
			require.Equal(t, want, got[name], name)
		}
	})
	t.Run("jsonl", func(t *testing.T) {
		t.Parallel()
		raw := rowsWritten(t, Options{Format: models.FormatJSONL}, columns, rows)
		require.Equal(t, 1, bytes.Count(raw, []byte("\n")), "one line a row")
		require.True(t, json.Valid(raw))
		for _, want := range []string{`"yes":true`, `"big":9007199254740993`, `"single":0.1`, `"double":1e+300`, `"nan":"NaN"`, `"inf":"-Infinity"`, `"money":-12345.60`, `"exact":1.000000000000000000000000000001`,
			`"day":"2026-02-28"`, `"ides":"0044-03-15 BC"`, `"never":"infinity"`, `"wall":"2026-02-28T10:11:12.345678"`, `"moment":"2026-02-28T08:11:12Z"`, `"doc":{"a": [1, "x"]}`, `"pretty":{"a":1}`,
			`"list":[1,null,3]`, `"grid":[["a b","c\"d"],["NULL","e\\f\n"]]`, `"decimals":[1.5,"NaN"]`, `"flags":[true,false]`, `"none":[]`, `"bounds":[5,6]`, `"docs":[{"a": 1}]`, `"moments":["2026-01-01T00:00:00Z"]`,
			`"words":"text ✓\n\"x\"\\"`, `"empty":""`, `"nothing":null`, `"no_number":null`, `"bytes":"\\x00ff10"`} {
			require.Contains(t, string(raw), want)
		}
	})
	t.Run("xlsx", func(t *testing.T) {
		t.Parallel()
		f := openSheet(t, rowsWritten(t, Options{Format: models.FormatXLSX}, columns, rows))
		at := map[string]string{}
		for i, c := range columns {
			at[c.Name], _ = excelize.CoordinatesToCellName(i+1, 2)
		}
		for name, want := range map[string][2]string{ // as it is kept, as it is shown
			"yes": {"1", "TRUE"}, "whole": {"-2147483648", "-2147483648"}, "big": {"9007199254740993", "9007199254740993"}, "money": {"-12345.6", "-12345.6"}, "huge": {"123456789012345678901234567890.123456", "123456789012345678901234567890.123456"},
			"day": {"46081", "2026-02-28"}, "ides": {"0044-03-15 BC", "0044-03-15 BC"}, "never": {"infinity", "infinity"}, "moment": {"46081.3411111111", "2026-02-28 08:11:12"}, "nan": {"NaN", "NaN"},
			"words": {"text ✓\n\"x\"\\", "text ✓\n\"x\"\\"}, "empty": {"", ""}, "nothing": {"", ""}, "cash": {"-$1.00", "-$1.00"}, "clock": {"0.42445", ""},
		} {
			raw, err := f.GetCellValue("Sheet1", at[name], excelize.Options{RawCellValue: true})
			require.NoError(t, err)
			if name == "clock" {
				require.True(t, strings.HasPrefix(raw, want[0]), raw)
				continue
			}
			require.Equal(t, want[0], raw, name)
			shown, err := f.GetCellValue("Sheet1", at[name])
			require.NoError(t, err)
			require.Equal(t, want[1], shown, name)
		}
		for name, want := range map[string]excelize.CellType{"big": excelize.CellTypeInlineString, "huge": excelize.CellTypeInlineString, "whole": excelize.CellTypeUnset, "yes": excelize.CellTypeBool, "words": excelize.CellTypeInlineString} {
			kind, err := f.GetCellType("Sheet1", at[name])
			require.NoError(t, err)
			require.Equal(t, want, kind, name)
		}
	})
	t.Run("parquet", func(t *testing.T) {
		t.Parallel()
		for _, c := range []models.Compression{models.CompressionNone, models.CompressionGzip, models.CompressionZstd} {
			checkParquet(t, rowsWritten(t, Options{Format: models.FormatParquet, Compression: c}, columns, rows), columns)
		}
	})
}

func checkParquet(t *testing.T, raw []byte, columns []Column) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	for i, c := range columns {
		require.Equal(t, c.Name, names[i], "in the query's order")
	}
	values := make([]parquet.Row, 1)
	rows := f.RowGroups()[0].Rows()
	defer func() { _ = rows.Close() }()
	n, err := rows.ReadRows(values)
	require.Equal(t, 1, n, err)
	got := map[string]parquet.Value{}
	for _, v := range values[0] {
		got[names[v.Column()]] = v
	}
	require.True(t, got["yes"].Boolean())
	require.Equal(t, int64(9007199254740993), got["big"].Int64())
	require.Equal(t, float32(0.1), got["single"].Float())
	require.Equal(t, 1e300, got["double"].Double())
	require.Equal(t, int64(-1234560), got["money"].Int64())
	require.Equal(t, int32(5), got["small_money"].Int32())
	require.Equal(t, "123456789012345678901234567890123456", new(big.Int).SetBytes(got["huge"].ByteArray()).String())
	require.Equal(t, "1.000000000000000000000000000001", string(got["exact"].ByteArray()))
	require.Equal(t, int32(20512), got["day"].Int32())
	require.Equal(t, int32(-735160), got["ides"].Int32())
	require.Equal(t, time.Date(2026, 2, 28, 10, 11, 12, 345678000, time.UTC).UnixMicro(), got["wall"].Int64())
	require.Equal(t, time.Date(2026, 2, 28, 8, 11, 12, 0, time.UTC).UnixMicro(), got["moment"].Int64())
	require.Equal(t, int64(36672500000), got["clock"].Int64())
	require.Equal(t, byte(0xff), got["id"].ByteArray()[15])
	require.Equal(t, []byte{0, 0xff, 0x10}, got["bytes"].ByteArray())
	require.JSONEq(t, `[["a b","c\"d"],["NULL","e\\f\n"]]`, string(got["grid"].ByteArray()))
	require.Equal(t, "text ✓\n\"x\"\\", string(got["words"].ByteArray()))
	require.False(t, got["empty"].IsNull())
	require.True(t, got["nothing"].IsNull())
	require.True(t, got["no_number"].IsNull())
}

func TestParquetRefusesWhatItsTypeDoesNotHave(t *testing.T) {
	t.Parallel()
	columns, rows := fetch(t, "SELECT 'NaN'::numeric(10,2) AS amount")
	w, err := New(io.Discard, columns, Options{Format: models.FormatParquet})
	require.NoError(t, err)
	require.Equal(t, models.CodeExportFormat, models.ErrorCode(w.Row(rows[0])))
}

func TestParquetHasARowGroupForEach100000Rows(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := New(&out, []Column{{Name: "id", Type: 20, Modifier: -1}}, Options{Format: models.FormatParquet})
	require.NoError(t, err)
	for i := range 250_000 {
		require.NoError(t, w.Row([][]byte{fmt.Append(nil, i)}))
	}
	require.NoError(t, w.Close())
	f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Equal(t, int64(250_000), f.NumRows())
	require.Len(t, f.RowGroups(), 3)
}

func TestNamesThatAreKeysAreUnique(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"id", "id_3", "id_4", "column_4", "id_2"}, unique(texts("id", "id", "id", "", "id_2")))
	require.Equal(t, `{"a":"1","a_2":"2"}`+"\n", string(written(t, Options{Format: models.FormatJSONL}, texts("a", "a"), []string{"1", "2"})))
}

// Compressed parts end to end are one compressed file.
func TestPartsJoin(t *testing.T) {
	t.Parallel()
	columns := texts("a", "b")
	for c, read := range map[models.Compression]func(io.Reader) (io.Reader, error){
		models.CompressionNone: func(r io.Reader) (io.Reader, error) { return r, nil },
		models.CompressionGzip: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		models.CompressionZstd: func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		for _, format := range []models.ExportFormat{models.FormatCSV, models.FormatTSV, models.FormatJSONL} {
			rows := [][]string{{"1", "x"}, {"2", "y"}, {"3", "z"}}
			joined := written(t, Options{Format: format, Compression: c}, columns, rows[:1]...)
			joined = append(joined, written(t, Options{Format: format, Compression: c, Headless: true}, columns, rows[1:]...)...)
			joined = append(joined, written(t, Options{Format: format, Compression: c, Headless: true}, columns)...)
			r, err := read(bytes.NewReader(joined))
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, string(written(t, Options{Format: format}, columns, rows...)), string(got), "%s %s", format, c)
		}
	}
}

func TestLongTextsAreCutForCellsOnlyAndCounted(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("😀", 20_000) // 40,000 of UTF-16's units
	var out bytes.Buffer
	w, err := New(&out, texts("a"), Options{Format: models.FormatXLSX, TempDir: t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, w.Row([][]byte{[]byte(long)}))
	require.NoError(t, w.Row([][]byte{[]byte(strings.Repeat("x", 32_767))}))
	require.NoError(t, w.Close())
	require.Equal(t, int64(1), w.Cut())
	cell, err := openSheet(t, out.Bytes()).GetCellValue("Sheet1", "A2")
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(cell, "😀… (cut)"), cell[len(cell)-20:])
}

// A workbook goes on in new sheets, and leaves no temporary file whether it is
// finished or given up.
func TestSheets(t *testing.T) {
	dir := t.TempDir()
	before := sheetRows
	sheetRows = 20_001 // with the line of names
	defer func() { sheetRows = before }()
	wide := strings.Repeat("w", 1000)
	var out bytes.Buffer
	w, err := New(&out, texts("n", "wide"), Options{Format: models.FormatXLSX, TempDir: dir})
	require.NoError(t, err)
	for i := range 45_000 {
		require.NoError(t, w.Row([][]byte{fmt.Append(nil, i), []byte(wide)}))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.LessOrEqual(t, len(left), 1, "one sheet at a time")
	require.NoError(t, w.Close())
	w.Discard()
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	f := openSheet(t, out.Bytes())
	require.Equal(t, []string{"Sheet1", "Sheet2", "Sheet3"}, f.GetSheetList())
	for sheet, rows := range map[string]int{"Sheet1": 20_001, "Sheet2": 20_001, "Sheet3": 5_001} {
		got, err := f.GetRows(sheet)
		require.NoError(t, err)
		require.Len(t, got, rows)
		require.Equal(t, []string{"n", "wide"}, got[0])
	}

	w, err = New(io.Discard, texts("n", "wide"), Options{Format: models.FormatXLSX, TempDir: dir})
	require.NoError(t, err)
	for i := range 20_000 {
		require.NoError(t, w.Row([][]byte{fmt.Append(nil, i), []byte(wide)}))
	}
	w.Discard()
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestNoRowsAreAFileToo(t *testing.T) {
	t.Parallel()
	for _, format := range []models.ExportFormat{models.FormatCSV, models.FormatTSV, models.FormatJSONL, models.FormatXLSX, models.FormatParquet} {
		raw := written(t, Options{Format: format}, texts("a"))
		switch format {
		case models.FormatXLSX:
			got, err := openSheet(t, raw).GetRows("Sheet1")
			require.NoError(t, err)
			require.Equal(t, [][]string{{"a"}}, got)
		case models.FormatParquet:
			f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
			require.NoError(t, err)
			require.Zero(t, f.NumRows())
		case models.FormatJSONL:
			require.Empty(t, raw)
		default:
			require.Equal(t, "a\n", string(raw))
		}
	}
}

func TestDaysAgreeWithTheCalendar(t *testing.T) {
	t.Parallel()
	for at := time.Date(-400, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2500; at = at.AddDate(0, 0, 13) {
		require.Equal(t, at.Unix()/86400, daysFrom(int64(at.Year()), int64(at.Month()), int64(at.Day())), at)
	}
}

func FuzzJSONLines(f *testing.F) {
	f.Add("a\x00\"\\", "{1,2}")
	f.Add("ü", `{"a",NULL}`)
	f.Fuzz(func(t *testing.T, text, list string) {
		text = strings.ToValidUTF8(text, "?")
		list = strings.ToValidUTF8(list, "?")
		var out bytes.Buffer
		w := newLines(&out, []Column{{Name: text, Type: textOID}, {Name: "list", Type: 1009}})
		require.NoError(t, w.Row([][]byte{[]byte(text), []byte(list)}))
		require.NoError(t, w.Close())
		require.True(t, json.Valid(out.Bytes()), out.String())
	})
}
