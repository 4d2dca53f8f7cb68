package models

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// ExportStatus is where an export stands.
type ExportStatus string

// The statuses. The last four are endings; a done export expires.
const (
	ExportQueued    ExportStatus = "queued"
	ExportRunning   ExportStatus = "running"
	ExportPaused    ExportStatus = "paused"
	ExportDone      ExportStatus = "done"
	ExportFailed    ExportStatus = "failed"
	ExportCancelled ExportStatus = "cancelled"
	ExportExpired   ExportStatus = "expired"
)

// Final reports whether nothing more is written.
func (s ExportStatus) Final() bool {
	return s == ExportDone || s == ExportFailed || s == ExportCancelled || s == ExportExpired
}

// ExportFormat is the form of an export's file.
type ExportFormat string

// The formats.
const (
	FormatCSV     ExportFormat = "csv"
	FormatTSV     ExportFormat = "tsv"
	FormatJSONL   ExportFormat = "jsonl"
	FormatXLSX    ExportFormat = "xlsx"
	FormatParquet ExportFormat = "parquet"
)

// Joins reports whether files of the format can be joined end to end, and so
// whether an export can go on in a new part.
func (f ExportFormat) Joins() bool { return f == FormatCSV || f == FormatTSV || f == FormatJSONL }

// Compression is how an export's file is compressed.
type Compression string

// The compressions. Parquet compresses its own pages with them.
const (
	CompressionNone Compression = "none"
	CompressionGzip Compression = "gzip"
	CompressionZstd Compression = "zstd"
)

// Codes of exports that cannot be made or fetched.
const (
	CodeExportLimit   Code = "export_limit"   // more rows or bytes than the role may export
	CodeExportSetup   Code = "export_setup"   // this installation has nowhere to put exports
	CodeExportExpired Code = "export_expired" // the files are deleted
	CodeExportFormat  Code = "export_format"  // the format cannot hold the rows
	CodeLinkExpired   Code = "link_expired"   // the link was right and is too old
)

// Export is a query's rows as a file. The row is the truth; the workflow
// "export/<id>" moves it.
type Export struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	OrgID        string `gorm:"type:uuid;not null;index:exports_list,priority:1;uniqueIndex:exports_key,priority:1"`
	UserID       string `gorm:"type:uuid;not null;index:exports_list,priority:2"`
	ConnectionID string `gorm:"type:uuid;not null"`
	// IdempotencyKey is the client's header, or the export's own id.
	IdempotencyKey string `gorm:"not null;uniqueIndex:exports_key,priority:2"`
	// Name is what the export is of, for people; the file is called after it.
	Name         string  `gorm:"not null"`
	QuestionID   *string `gorm:"type:uuid"` // whose answer it is of
	SavedQueryID *string `gorm:"type:uuid"`
	ScheduleID   *string `gorm:"type:uuid"`
	SQL          string  `gorm:"not null"`
	// Arguments are the values of the placeholders in the SQL.
	Arguments   []Argument   `gorm:"serializer:json;type:jsonb;not null"`
	Format      ExportFormat `gorm:"not null"`
	Compression Compression  `gorm:"not null"`
	Status      ExportStatus `gorm:"not null;index:exports_open,where:status in ('queued'\\,'running'\\,'paused')"`
	// Claim counts the executions of the writing activity. Only the last one may
	// write into the row; what an earlier one still does has no effect.
	Claim int `gorm:"not null;default:0"`
	// Continues says that a new execution goes on after the last finished part;
	// nil before the SQL was looked at.
	Continues *bool
	// KeyColumns are the names of the unique order's columns, where it continues.
	KeyColumns []string `gorm:"serializer:json;type:jsonb;not null"`
	Columns    []Column `gorm:"serializer:json;type:jsonb;not null"`
	// Rows, Bytes and Parts are those of finished parts.
	Rows  int64 `gorm:"not null;default:0"`
	Bytes int64 `gorm:"not null;default:0"`
	Parts int   `gorm:"not null;default:0"`
	// LiveRows and LiveBytes are all that is written, the unfinished part included.
	LiveRows  int64 `gorm:"not null;default:0"`
	LiveBytes int64 `gorm:"not null;default:0"`
	// Estimate is how many rows the database expects; -1 unknown.
	Estimate int64 `gorm:"not null;default:-1"`
	// Snapshots counts the states of the database that the rows are of: 1 for all
	// of them at one moment.
	Snapshots int `gorm:"not null;default:0"`
	// Cut counts texts that were longer than the format holds.
	Cut int64 `gorm:"not null;default:0"`
	// SHA256 is that of the whole file, in hexadecimal digits, when it is done.
	SHA256 string `gorm:"column:sha256;not null;default:''"`
	// MaxRows and MaxBytes are the limits of the person's role at the start.
	MaxRows   int64 `gorm:"not null"`
	MaxBytes  int64 `gorm:"not null"`
	KeepHours int   `gorm:"not null"`
	// Stored says that the bucket may hold files of it.
	Stored bool `gorm:"not null;default:false"`
	// Removed says that its owner deleted it: the row goes with its files.
	Removed   bool   `gorm:"not null;default:false"`
	ErrorCode Code   `gorm:"not null;default:''"`
	ErrorText string `gorm:"not null;default:''"`
	// ExpiresAt is when the files are deleted.
	ExpiresAt *time.Time `gorm:"index:exports_stored,where:stored OR removed"`
	CreatedAt time.Time  `gorm:"index:exports_list,priority:3,sort:desc"`
	StartedAt *time.Time
	UpdatedAt time.Time
	EndedAt   *time.Time
}

// ExportPart is a finished part of an export: an object of the bucket. The
// parts in order, end to end, are the file.
type ExportPart struct {
	ExportID string `gorm:"type:uuid;primaryKey"`
	Number   int    `gorm:"primaryKey"` // from 1
	OrgID    string `gorm:"type:uuid;not null"`
	Claim    int    `gorm:"not null"` // the execution that wrote it
	Object   string `gorm:"not null"` // its key in the bucket
	Rows     int64  `gorm:"not null"`
	Bytes    int64  `gorm:"not null"`
	// CRC32C is the part's checksum (Castagnoli).
	CRC32C int64 `gorm:"column:crc32c;not null"`
	// Digest is the state of the SHA-256 over all parts up to this one.
	Digest []byte `gorm:"not null"`
	// LastKey is the key of its last row in PostgreSQL's text form; the next part
	// begins behind it.
	LastKey   []string `gorm:"serializer:json;type:jsonb;not null"`
	CreatedAt time.Time
}

// ExportEstimate is what the database expects of an export.
type ExportEstimate struct {
	Rows int64 `json:"rows" doc:"Rows that the database expects; it may be far off"`
	// Continues says that the export goes on after a crash or a pause.
	Continues bool `json:"continues" doc:"The rows have a unique order: after a crash or a pause the export goes on where it was"`
}

// ExportSchedule makes an export again and again.
type ExportSchedule struct {
	ID           string       `gorm:"type:uuid;primaryKey"`
	OrgID        string       `gorm:"type:uuid;not null;index:export_schedules_list,priority:1"`
	UserID       string       `gorm:"type:uuid;not null;index:export_schedules_list,priority:2"`
	ConnectionID string       `gorm:"type:uuid;not null"`
	Name         string       `gorm:"not null"`
	SavedQueryID *string      `gorm:"type:uuid"`
	SQL          string       `gorm:"not null"`
	Arguments    []Argument   `gorm:"serializer:json;type:jsonb;not null"`
	Format       ExportFormat `gorm:"not null"`
	Compression  Compression  `gorm:"not null"`
	Timing
	Paused    bool      `gorm:"not null;default:false"`
	Reason    string    `gorm:"not null;default:''"` // why it was paused by itself
	CreatedAt time.Time `gorm:"index:export_schedules_list,priority:3,sort:desc"`
	UpdatedAt time.Time
}

// ExportLimit is how much one export may hold.
type ExportLimit struct {
	MaxRows  int64 `json:"max_rows"`
	MaxBytes int64 `json:"max_bytes"`
}

// ExportSettings are an organisation's rules for exports. Its zero value stands
// for the defaults.
type ExportSettings struct {
	Roles     map[Role]ExportLimit `json:"roles,omitempty"`
	KeepHours int                  `json:"keep_hours,omitempty"`
}

// Defaults and bounds of the settings.
const (
	DefaultKeepHours = 7 * 24
	MaxKeepHours     = 90 * 24
	MaxExportRows    = 10_000_000_000
	MaxExportBytes   = 1 << 44 // 16 TiB
)

var exportDefaults = map[Role]ExportLimit{
	RoleOwner:   {MaxRows: 100_000_000, MaxBytes: 100 << 30},
	RoleAdmin:   {MaxRows: 100_000_000, MaxBytes: 100 << 30},
	RoleAnalyst: {MaxRows: 20_000_000, MaxBytes: 20 << 30},
}

// Limit returns a role's limit; ok is false for roles that export nothing.
func (s ExportSettings) Limit(role Role) (limit ExportLimit, ok bool) {
	if limit, ok = exportDefaults[role]; !ok {
		return limit, false
	}
	if own, set := s.Roles[role]; set {
		limit = own
	}
	return limit, true
}

// Keep is how many hours the files of a finished export are kept.
func (s ExportSettings) Keep() int {
	if s.KeepHours > 0 {
		return s.KeepHours
	}
	return DefaultKeepHours
}

var unsafeInName = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)

// FileName is what the export's file is called: letters, digits, '.', '_' and
// '-' only, whatever the export is called.
func (e *Export) FileName() string {
	name := strings.Trim(unsafeInName.ReplaceAllString(e.Name, "-"), "-._")
	if r := []rune(name); len(r) > 60 {
		name = strings.TrimRight(string(r[:60]), "-._")
	}
	if name == "" || slices.Contains(deviceNames, strings.ToLower(name)) {
		name = "export"
	}
	return name + "." + Extension(e.Format, e.Compression)
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
