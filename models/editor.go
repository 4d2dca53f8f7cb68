package models

import "time"

// PlannerPerson stands for the planner of a question whose SQL a person wrote.
const PlannerPerson = "person"

// QuestionTable says that the SQL of a question reads a table.
type QuestionTable struct {
	QuestionID   string    `gorm:"type:uuid;primaryKey"`
	SchemaName   string    `gorm:"primaryKey;index:question_tables_use,priority:2"`
	TableName    string    `gorm:"primaryKey;index:question_tables_use,priority:3"`
	OrgID        string    `gorm:"type:uuid;not null"`
	ConnectionID string    `gorm:"type:uuid;not null;index:question_tables_use,priority:1"`
	UserID       string    `gorm:"type:uuid;not null"`
	CreatedAt    time.Time `gorm:"index:question_tables_use,priority:4,sort:desc"`
}

// SavedQuery is SQL that a person keeps, with parameters to run it by.
type SavedQuery struct {
	ID           string         `gorm:"type:uuid;primaryKey"`
	OrgID        string         `gorm:"type:uuid;not null;index:saved_queries_list,priority:1"`
	ConnectionID string         `gorm:"type:uuid;not null"`
	UserID       string         `gorm:"type:uuid;not null"` // the owner, who alone may change it
	Name         string         `gorm:"not null"`
	Description  string         `gorm:"not null"`
	SQL          string         `gorm:"not null"`
	Parameters   []Parameter    `gorm:"serializer:json;type:jsonb;not null"`
	Tables       []RelationName `gorm:"serializer:json;type:jsonb;not null"` // that it read when it was checked last
	Shared       bool           `gorm:"not null;default:false"`              // with the organisation
	CreatedAt    time.Time
	UpdatedAt    time.Time `gorm:"index:saved_queries_list,priority:2,sort:desc"`
}

// CatalogNote is what people say of a table or a column. It belongs to the
// name, so that it survives when the structure is read again.
type CatalogNote struct {
	ID           string   `gorm:"type:uuid;primaryKey"`
	OrgID        string   `gorm:"type:uuid;not null"`
	ConnectionID string   `gorm:"type:uuid;not null;uniqueIndex:catalog_notes_key,priority:1"`
	SchemaName   string   `gorm:"not null;uniqueIndex:catalog_notes_key,priority:2"`
	TableName    string   `gorm:"not null;uniqueIndex:catalog_notes_key,priority:3"`
	ColumnName   string   `gorm:"not null;uniqueIndex:catalog_notes_key,priority:4"` // "" for the table
	Description  string   `gorm:"not null"`
	Synonyms     []string `gorm:"serializer:json;type:jsonb;not null"`
	UpdatedBy    string   `gorm:"type:uuid;not null"`
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// GlossaryTerm is a word of the organisation, and the rows that it means.
type GlossaryTerm struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	OrgID        string `gorm:"type:uuid;not null"`
	ConnectionID string `gorm:"type:uuid;not null;uniqueIndex:glossary_terms_key,priority:1"`
	Term         string `gorm:"not null;uniqueIndex:glossary_terms_key,priority:2"`
	Meaning      string `gorm:"not null"`
	// SchemaName and TableName are what Condition is on; all are "" for a term in words only.
	SchemaName string `gorm:"not null"`
	TableName  string `gorm:"not null"`
	Condition  string `gorm:"not null"`
	// Qualified is Condition with the table's name before each column.
	Qualified string `gorm:"not null"`
	UpdatedBy string `gorm:"type:uuid;not null"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Metric is a figure of the organisation: an aggregate over a table's rows.
type Metric struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	OrgID        string `gorm:"type:uuid;not null"`
	ConnectionID string `gorm:"type:uuid;not null;uniqueIndex:metrics_key,priority:1"`
	Name         string `gorm:"not null;uniqueIndex:metrics_key,priority:2"`
	Description  string `gorm:"not null"`
	SchemaName   string `gorm:"not null"`
	TableName    string `gorm:"not null"`
	Expression   string `gorm:"not null"` // sum(total - discount)
	Filter       string `gorm:"not null"` // status <> 'cancelled'; "" for all rows
	// Qualified and QualifiedFilter have the table's name before each column.
	Qualified       string `gorm:"not null"`
	QualifiedFilter string `gorm:"not null"`
	UpdatedBy       string `gorm:"type:uuid;not null"`
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Notes are all that people say of a connection's data.
type Notes struct {
	Notes   []CatalogNote
	Terms   []GlossaryTerm
	Metrics []Metric
}

// SyncStatus is where the reading of a structure stands.
type SyncStatus string

// The statuses.
const (
	SyncReading SyncStatus = "reading"
	SyncReady   SyncStatus = "ready"
	SyncFailed  SyncStatus = "failed"
)

// CatalogSync is how the last reading of a connection's structure went.
type CatalogSync struct {
	ConnectionID string     `gorm:"type:uuid;primaryKey"`
	OrgID        string     `gorm:"type:uuid;not null"`
	Status       SyncStatus `gorm:"not null"`
	Tables       int        `gorm:"not null;default:0"`
	ErrorCode    Code       `gorm:"not null;default:''"`
	ErrorText    string     `gorm:"not null;default:''"`
	StartedAt    time.Time  `gorm:"not null"`
	UpdatedAt    time.Time
}
