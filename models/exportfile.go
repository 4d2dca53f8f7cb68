package models

import (
	"regexp"
	"slices"
	"strings"
)

var unsafeInName = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)

// FileName is what the export's file is called: letters, digits, '.', '_' and
// '-' only, whatever the export is called.
func (e *Export) FileName() string {
	return fileStem(e.Name) + "." + Extension(e.Format, e.Compression)
}

func fileStem(name string) string {
	name = strings.Trim(unsafeInName.ReplaceAllString(name, "-"), "-._")
	if r := []rune(name); len(r) > 60 {
		name = strings.TrimRight(string(r[:60]), "-._")
	}
	if name == "" || slices.Contains(deviceNames, strings.ToLower(name)) {
		name = "export"
	}
	return name
}

// deviceNames are no names of files on Windows.
var deviceNames = []string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "lpt1", "lpt2", "lpt3"}

// Extension is the end of a file's name, without its first dot.
func Extension(f ExportFormat, c Compression) string {
	switch {
	case f == FormatParquet || c == CompressionNone:
		return string(f)
	case c == CompressionGzip:
		return string(f) + ".gz"
	}
	return string(f) + ".zst"
}

// ContentType is the media type of the export's file.
func (e *Export) ContentType() string {
	switch {
	case e.Format == FormatParquet:
		return "application/vnd.apache.parquet"
	case e.Compression == CompressionGzip:
		return "application/gzip"
	case e.Compression == CompressionZstd:
		return "application/zstd"
	}
	return map[ExportFormat]string{FormatCSV: "text/csv; charset=utf-8", FormatTSV: "text/tab-separated-values; charset=utf-8",
		FormatJSONL: "application/jsonl; charset=utf-8", FormatXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}[e.Format]
}
