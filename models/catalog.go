package models

import "time"

// Catalog is what DataMind knows of a database's structure: one snapshot,
// read with the connection's own role and limited to its schemas.
type Catalog struct {
	Dialect       string     `json:"dialect"` // "postgres"
	Database      string     `json:"database"`
	ServerVersion string     `json:"server_version"`
	Schemas       []string   `json:"schemas"` // those included, in search_path order
	Tables        []Table    `json:"tables"`  // sorted by schema, name
	Routines      []Routine  `json:"routines,omitempty"`
	Types         []UserType `json:"types,omitempty"`
	// Operators and casts that users defined (not those that extensions bring):
	// the guard refuses what could resolve to them.
	Operators []string   `json:"operators,omitempty"` // operator names such as "###"
	Casts     []UserCast `json:"casts,omitempty"`
	// Fingerprint is a SHA-256 over the structure (not over statistics).
	Fingerprint string    `json:"fingerprint"`
	TakenAt     time.Time `json:"taken_at"`
}

// Table is a table, view, materialised view, partitioned or foreign table.
type Table struct {
	Schema      string          `json:"schema"`
	Name        string          `json:"name"`
	Kind        string          `json:"kind"` // table, view, matview, partitioned, foreign
	Comment     string          `json:"comment,omitempty"`
	Rows        int64           `json:"rows"` // the database's own estimate, -1 unknown
	Columns     []CatalogColumn `json:"columns"`
	PrimaryKey  []string        `json:"primary_key,omitempty"`
	Uniques     [][]string      `json:"uniques,omitempty"`
	ForeignKeys []ForeignKey    `json:"foreign_keys,omitempty"`
	// Definition is the SELECT of a view, for the guard to check as well.
	Definition string `json:"definition,omitempty"`
}

// CatalogColumn is one column.
type CatalogColumn struct {
	Name string `json:"name"`
	Type string `json:"type"` // format_type(): "numeric(12,2)", "timestamp with time zone"
	// TypeKind is base, enum, domain, composite, range, array or other, after format_type's element for arrays.
	TypeKind string `json:"type_kind,omitempty"`
	// UserType is set when the type (or element type) is not one of pg_catalog's own.
	UserType bool   `json:"user_type,omitempty"`
	Nullable bool   `json:"nullable"`
	Comment  string `json:"comment,omitempty"`
	// Values are common values of a low-cardinality column, most frequent
	// first, from the database's statistics (no scan). They are data: untrusted.
	Values []string `json:"values,omitempty"`
	// Distinct is the estimated number of distinct values; 0 unknown.
	Distinct int64  `json:"distinct,omitempty"`
	Min      string `json:"min,omitempty"` // from the histogram bounds, where there are any
	Max      string `json:"max,omitempty"`
	Masked   bool   `json:"masked,omitempty"` // hidden by policy: not selectable
}

// ForeignKey leads from Columns of its table to RefColumns of RefSchema.RefTable.
type ForeignKey struct {
	Name       string   `json:"name"`
	Columns    []string `json:"columns"`
	RefSchema  string   `json:"ref_schema"`
	RefTable   string   `json:"ref_table"`
	RefColumns []string `json:"ref_columns"`
}

// Routine is a function, aggregate or procedure that is not PostgreSQL's own.
type Routine struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Extension is the extension that owns the routine, "" for none. A built-in
	// function keeps its meaning beside an extension's overload of its name
	// (citext has a max), but not beside a person's.
	Extension string `json:"extension,omitempty"`
}

// UserType is a type that is not PostgreSQL's own.
type UserType struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Kind   string `json:"kind"` // enum, domain, composite, range, base
}

// UserCast is a cast with a function that users defined.
type UserCast struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// CatalogSnapshot is a stored catalog of a connection.
type CatalogSnapshot struct {
	ID           string    `gorm:"type:uuid;primaryKey"`
	OrgID        string    `gorm:"type:uuid;not null"`
	ConnectionID string    `gorm:"type:uuid;not null;index:catalog_latest,priority:1"`
	Fingerprint  string    `gorm:"not null"`
	Catalog      []byte    `gorm:"not null"` // zstd-compressed JSON of Catalog
	TableCount   int       `gorm:"not null"`
	TakenAt      time.Time `gorm:"not null;index:catalog_latest,priority:2,sort:desc"`
	CreatedAt    time.Time
}
