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
	// Traced says that every type was followed into what it is made of: the
	// Holds of columns, tables and types are then complete.
	Traced bool `json:"traced,omitempty"`
	// Shadows are relations of the schemas that are not in Tables (partitions,
	// what the role may not read, sequences), but that a bare name could mean.
	Shadows []RelationName `json:"shadows,omitempty"`
	// State stands for all definitions that the snapshot was read from, whether
	// or not they are in it: it changes with each of them.
	State string `json:"state,omitempty"`
	// Fingerprint is a SHA-256 over the structure (not over statistics).
	Fingerprint string    `json:"fingerprint"`
	TakenAt     time.Time `json:"taken_at"`
}

// What a type is or is made of, at any depth: elements of arrays and ranges,
// attributes of rows, bases of domains.
const (
	HoldsDomain = "domain"       // is a domain with checks, or a domain over one
	HoldsInner  = "inner_domain" // has such a domain inside
	HoldsCast   = "cast"         // a person's cast starts from it
	HoldsOrder  = "order"        // a person's operator class compares it
	HoldsCode   = "code"         // a person's functions read, write or measure it
	HoldsRow    = "row"          // is a row or has one inside
	HoldsVector = "vector"       // is a tsvector or has one inside
)

// RelationName is the name of a relation.
type RelationName struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// TableUse is a table that a statement reads, and the columns that it names.
type TableUse struct {
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Table is a table, view, materialised view, partitioned or foreign table.
type Table struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Kind is table, view, matview, partitioned or foreign; foreign is also a
	// table that is read through to a foreign one, by partition or inheritance.
	Kind       string          `json:"kind"`
	Comment    string          `json:"comment,omitempty"`
	Rows       int64           `json:"rows"` // the database's own estimate, -1 unknown
	Columns    []CatalogColumn `json:"columns"`
	PrimaryKey []string        `json:"primary_key,omitempty"`
	Uniques    [][]string      `json:"uniques,omitempty"`
	// Inherited says that a reading of the table brings the rows of other tables
	// as well, which inherit its columns but not its keys.
	Inherited   bool         `json:"inherited,omitempty"`
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`
	// Definition is the SELECT of a view, for the guard to check as well.
	Definition string `json:"definition,omitempty"`
	// Holds is what the type of the table's rows is made of.
	Holds []string `json:"holds,omitempty"`
	// Denied are the columns that the role may not read.
	Denied []DeniedColumn `json:"denied,omitempty"`
}

// DeniedColumn is a column that the role may not read, between those it may:
// names that are given by position count it.
type DeniedColumn struct {
	Name   string `json:"name"`
	Before int    `json:"before"` // the place in Columns of the one that follows
}

// CatalogColumn is one column.
type CatalogColumn struct {
	Name string `json:"name"`
	Type string `json:"type"` // format_type(): "numeric(12,2)", "timestamp with time zone"
	// TypeKind is base, enum, domain, composite, range, array or other, after format_type's element for arrays.
	TypeKind string `json:"type_kind,omitempty"`
	// UserType is set when the type (or element type) is not one of pg_catalog's own.
	UserType bool `json:"user_type,omitempty"`
	// Holds is what the type is made of.
	Holds    []string `json:"holds,omitempty"`
	Nullable bool     `json:"nullable"`
	Comment  string   `json:"comment,omitempty"`
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
	// Holds is what the type is made of.
	Holds []string `json:"holds,omitempty"`
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
