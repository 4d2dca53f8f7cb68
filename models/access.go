// Package models holds the domain: what is stored, its statuses and their
// rules. It depends on the standard library only.
package models

import (
	"slices"
	"time"
)

// Role is what a member may do in an organisation.
type Role string

// The roles, from the widest to the narrowest.
const (
	RoleOwner   Role = "owner"
	RoleAdmin   Role = "admin"
	RoleAnalyst Role = "analyst"
	RoleViewer  Role = "viewer"
)

// roles are all, from the widest to the narrowest.
var roles = []Role{RoleOwner, RoleAdmin, RoleAnalyst, RoleViewer}

// WiderThan reports whether r allows more than another role.
func (r Role) WiderThan(other Role) bool { return slices.Index(roles, r) < slices.Index(roles, other) }

// OwnsAlerts reports whether members with the role may have alerts run by their
// rights: those who may ask.
func (r Role) OwnsAlerts() bool {
	return r == RoleOwner || r == RoleAdmin || r == RoleAnalyst
}

// Scope is on whose behalf a store method runs. It comes from the session or
// API key (or from a workflow's input that was made from one), never from
// request data.
type Scope struct {
	OrgID  string
	UserID string
	Role   Role
}

// Org is a tenant: everything else belongs to exactly one.
type Org struct {
	ID   string `gorm:"type:uuid;primaryKey"`
	Name string `gorm:"not null"`
	// TokenBudget is how many model tokens the organisation may use in a
	// calendar month (UTC); 0 means the configured default.
	TokenBudget int64 `gorm:"not null;default:0"`
	// MemberTokenBudget is how many of them one member may use; 0 means all.
	MemberTokenBudget int64 `gorm:"not null;default:0"`
	// Exports are its rules for exports; nil for the defaults.
	Exports   *ExportSettings `gorm:"serializer:json;type:jsonb"`
	CreatedAt time.Time
}

// User is a person. One user may be a member of several organisations.
type User struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	Email        string `gorm:"not null;uniqueIndex"` // lower case
	Name         string `gorm:"not null"`
	PasswordHash string `gorm:"not null"` // argon2id, PHC string; "" = none set
	// TokensValidFrom is moved forward by "sign out everywhere": older access
	// tokens are refused.
	TokensValidFrom time.Time `gorm:"not null"`
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Membership gives a user a role in an organisation.
type Membership struct {
	OrgID     string `gorm:"type:uuid;primaryKey"`
	UserID    string `gorm:"type:uuid;primaryKey;index"`
	Role      Role   `gorm:"not null"`
	CreatedAt time.Time
}

// Session is a refresh-token family: one sign-in on one device. The token
// rotates at every use; presenting an older one revokes the family.
type Session struct {
	ID           string    `gorm:"type:uuid;primaryKey"`
	OrgID        string    `gorm:"type:uuid;not null;index"`
	UserID       string    `gorm:"type:uuid;not null;index"`
	RefreshHash  []byte    `gorm:"not null"` // SHA-256 of the current refresh token
	PreviousHash []byte    // SHA-256 of the one before, to tell reuse from garbage
	RotatedAt    time.Time `gorm:"not null"`
	UserAgent    string    `gorm:"not null"`
	IP           string    `gorm:"not null"`
	ExpiresAt    time.Time `gorm:"not null"`
	RevokedAt    *time.Time
	// ByLink says that a one-time link opened it: somebody forgot the password.
	ByLink    bool `gorm:"not null;default:false"`
	CreatedAt time.Time
}

// SignInLink is a one-time link (first run, a forgotten password).
type SignInLink struct {
	ID        string    `gorm:"type:uuid;primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null;index"`
	UserID    string    `gorm:"type:uuid;not null"`
	TokenHash []byte    `gorm:"not null;uniqueIndex"`
	ExpiresAt time.Time `gorm:"not null"`
	UsedAt    *time.Time
	CreatedAt time.Time
}

// APIKey lets a machine act for a user. Only a hash is stored.
type APIKey struct {
	ID         string     `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID      string     `gorm:"type:uuid;not null;index:api_keys_list,priority:1" json:"-"`
	UserID     string     `gorm:"type:uuid;not null" json:"user_id"`
	Name       string     `gorm:"not null" json:"name"`
	Prefix     string     `gorm:"not null" json:"prefix"` // first characters, to recognise it by
	Hash       []byte     `gorm:"not null;uniqueIndex" json:"-"`
	Scopes     []string   `gorm:"serializer:json;type:jsonb;not null" json:"scopes"` // permissions, a subset of the user's
	ExpiresAt  time.Time  `gorm:"not null" json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	CreatedAt  time.Time  `gorm:"index:api_keys_list,priority:2,sort:desc" json:"created_at"`
}

// AuditEvent records a change, or a read of customers' data. Append only.
type AuditEvent struct {
	ID        string         `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID     string         `gorm:"type:uuid;not null;index:audit_list,priority:1" json:"-"`
	UserID    string         `gorm:"type:uuid;not null" json:"user_id"`
	Action    string         `gorm:"not null" json:"action"` // e.g. "connection.create"
	TargetID  string         `gorm:"not null" json:"target_id"`
	Detail    map[string]any `gorm:"serializer:json;type:jsonb;not null" json:"detail"` // never secrets or rows
	IP        string         `gorm:"not null" json:"ip"`
	RequestID string         `gorm:"not null" json:"request_id"`
	// ActorName and ActorEmail are who it was at the time.
	ActorName  string    `gorm:"not null;default:''" json:"actor_name"`
	ActorEmail string    `gorm:"not null;default:''" json:"actor_email"`
	CreatedAt  time.Time `gorm:"index:audit_list,priority:2,sort:desc" json:"created_at"`
}
