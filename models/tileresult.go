package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// TileResult is the cached result of a tile's query, and the request for it.
// Its key stands for all that the rows depend on; see TileRun.Key.
type TileResult struct {
	ID           string     `gorm:"type:uuid;primaryKey"`
	OrgID        string     `gorm:"type:uuid;not null;uniqueIndex:tile_results_key,priority:1"`
	Key          string     `gorm:"not null;uniqueIndex:tile_results_key,priority:2"`
	Rights       string     `gorm:"not null"` // of those who may read it
	ConnectionID string     `gorm:"type:uuid;not null"`
	SQL          string     `gorm:"not null"`
	Arguments    []Argument `gorm:"serializer:json;type:jsonb"`
	Narrow       []Narrow   `gorm:"serializer:json;type:jsonb"`
	// RequestedAt is when a refresh was asked for, StartedAt when a worker began
	// one, RanAt from when the rows are, FailedAt when the last one failed.
	RequestedAt time.Time `gorm:"not null"`
	StartedAt   *time.Time
	RanAt       *time.Time
	FailedAt    *time.Time
	ErrorCode   Code     `gorm:"not null;default:''"`
	ErrorText   string   `gorm:"not null;default:''"`
	Columns     []Column `gorm:"serializer:json;type:jsonb"`
	// Rows, BlockRows and BlockEnds are as in Result.
	Rows      []byte
	BlockRows int    `gorm:"not null;default:0"`
	BlockEnds []int  `gorm:"serializer:json;type:jsonb"`
	RowCount  int    `gorm:"not null;default:0"`
	Truncated bool   `gorm:"not null;default:false"`
	QueryMs   int64  `gorm:"not null;default:0"`
	Chart     *Chart `gorm:"serializer:json;type:jsonb"`
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"index"`
}

// A refresh that no worker has begun, or ended, for so long may be asked for again.
const (
	unbegunLimit = time.Minute
	unendedLimit = 20 * time.Minute
)

// Pending reports whether a refresh was asked for that has not ended.
func (r *TileResult) Pending(now time.Time) bool {
	if ended := r.ended(); ended != nil && !ended.Before(r.RequestedAt) {
		return false
	}
	if r.StartedAt != nil && !r.StartedAt.Before(r.RequestedAt) {
		return now.Sub(*r.StartedAt) < unendedLimit
	}
	return now.Sub(r.RequestedAt) < unbegunLimit
}

func (r *TileResult) ended() *time.Time {
	if r.RanAt == nil || r.FailedAt != nil && r.FailedAt.After(*r.RanAt) {
		return r.FailedAt
	}
	return r.RanAt
}

// Narrow keeps those rows of a query's result whose column compares with the
// value of a parameter.
type Narrow struct {
	Column    string  `json:"column"`
	How       LinkHow `json:"how"` // not LinkSets
	Parameter string  `json:"parameter"`
	// AsText compares texts, whatever the column's type is: enumerations, ids.
	AsText bool `json:"as_text,omitempty"`
}

// TileRun is what a tile's rows are read by.
type TileRun struct {
	ConnectionID string
	SQL          string
	Arguments    []Argument
	Narrow       []Narrow
}

// DataRights names what somebody may read of the organisation's data. People
// with the same rights may share results; others never do.
func DataRights(scope Scope) string { return "role:" + string(scope.Role) }

// Key stands for all that the rows of a run depend on: whose they are, with
// which rights they are read, where the connection leads and what is asked.
func (r TileRun) Key(orgID, rights string, c *Connection) string {
	raw, err := json.Marshal([]any{orgID, rights, c.ID, c.Kind, c.Host, c.Port, c.Database, c.Username, c.Schemas, c.MaxRows, r.SQL, r.Arguments, r.Narrow})
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
