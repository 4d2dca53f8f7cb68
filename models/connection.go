package models

import "time"

// KindPostgres is the kind of database that can be connected.
const KindPostgres = "postgres"

// TLS modes of a connection, named as PostgreSQL's sslmode.
const (
	TLSDisable    = "disable"
	TLSRequire    = "require"     // encrypted, certificate not checked
	TLSVerifyFull = "verify-full" // encrypted, certificate and host name checked
)

// Why a database cannot be reached. The first three may pass with time.
const (
	CodeHostUnknown     Code = "host_unknown"
	CodeRefused         Code = "refused"
	CodeTimeout         Code = "timeout"
	CodeTLS             Code = "tls"
	CodeTLSMissing      Code = "tls_missing"   // the server does not offer it
	CodeLoginRefused    Code = "login_refused" // the server knows no such user, or not from here, or not without TLS
	CodePassword        Code = "password"
	CodeDatabaseMissing Code = "database_missing"
	CodeNoPermission    Code = "no_permission"
	CodeStructureMoved  Code = "structure_changed"   // since the catalog was read that the SQL was checked against
	CodeSealedPassword  Code = "password_unreadable" // sealed for a key that the workers do not have
)

// Connection is a customer's database. The password is sealed to the query
// workers' public key: the API can write it and never read it.
type Connection struct {
	ID             string   `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID          string   `gorm:"type:uuid;not null;uniqueIndex:connections_name,priority:1;index:connections_list,priority:1" json:"-"`
	Name           string   `gorm:"not null;uniqueIndex:connections_name,priority:2" json:"name"`
	Kind           string   `gorm:"not null" json:"kind"`
	Host           string   `gorm:"not null" json:"host"`
	Port           int      `gorm:"not null" json:"port"`
	Database       string   `gorm:"column:database_name;not null" json:"database"`
	Username       string   `gorm:"not null" json:"username"`
	SealedPassword []byte   `gorm:"not null" json:"-"`
	TLSMode        string   `gorm:"not null" json:"tls_mode"`
	TLSCA          string   `gorm:"not null" json:"tls_ca,omitempty"` // PEM
	Schemas        []string `gorm:"serializer:json;type:jsonb;not null" json:"schemas"`
	TimeoutSeconds int      `gorm:"not null" json:"timeout_seconds"` // 1–600
	MaxRows        int      `gorm:"not null" json:"max_rows"`        // 1–100000
	// Sample marks the sample company's database; it is offered first.
	Sample    bool      `gorm:"not null;default:false" json:"sample"`
	CreatedBy string    `gorm:"type:uuid;not null" json:"created_by"`
	CreatedAt time.Time `gorm:"index:connections_list,priority:2,sort:desc" json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ConnectionReport is what a test of a connection found, in words a person can act on.
type ConnectionReport struct {
	OK            bool     `json:"ok"`
	Code          Code     `json:"code,omitempty"` // why it failed: host_unknown … no_permission, address_refused
	Message       string   `json:"message"`
	ServerVersion string   `json:"server_version,omitempty"`
	Tables        int      `json:"tables"`
	Schemas       []string `json:"schemas,omitempty"` // that the role may use
	Warnings      []string `json:"warnings,omitempty"`
	Ms            int64    `json:"ms"`
}
