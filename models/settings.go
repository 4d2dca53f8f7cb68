package models

import "time"

// Presets of a model's endpoint: how it is spoken to, and what the page
// proposes. All but Azure's differ in nothing but that.
const (
	PresetOpenAI = "openai"
	PresetAzure  = "azure"
	PresetOllama = "ollama"
	PresetVLLM   = "vllm"
	PresetOther  = "other"
)

// ModelBuiltin asks, in place of a model's id, for the built-in planner.
const ModelBuiltin = "builtin"

// Why a model cannot be used, beside the codes of connections.
const (
	CodeModelKey     Code = "model_key"            // the endpoint refuses it
	CodeModelMissing Code = "model_missing"        // the endpoint does not have it
	CodeNotOpenAI    Code = "not_openai"           // something else answers at the address
	CodeSealedKey    Code = "model_key_unreadable" // sealed for a key that the workers do not have
)

// ModelEndpoint is a model that an organisation has set up for its questions.
// The key is sealed to the model workers' public key: the API can write it and
// never read it.
type ModelEndpoint struct {
	ID         string `gorm:"type:uuid;primaryKey"`
	OrgID      string `gorm:"type:uuid;not null;uniqueIndex:model_endpoints_name,priority:1"`
	Name       string `gorm:"not null;uniqueIndex:model_endpoints_name,priority:2"`
	Preset     string `gorm:"not null"`
	BaseURL    string `gorm:"not null"`
	Model      string `gorm:"not null"`          // for Azure the name of the deployment
	SealedKey  []byte `gorm:"not null" json:"-"` // empty for an endpoint without a key
	APIVersion string `gorm:"not null"`          // Azure's; "" for the others
	// Position is the order in which they are tried, from 1.
	Position  int    `gorm:"not null"`
	Enabled   bool   `gorm:"not null"`
	CreatedBy string `gorm:"type:uuid;not null"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ModelReport is what a test of a model found, in words a person can act on.
type ModelReport struct {
	OK      bool   `json:"ok"`
	Code    Code   `json:"code,omitempty" doc:"Why it failed: host_unknown, refused, timeout, tls, address_refused, not_openai, model_key, model_missing, model_key_unreadable, model_busy, model_reply, model_failed"`
	Message string `json:"message"`
	// Structured is how the endpoint was asked for a plan's form, the best that it took.
	Structured string   `json:"structured,omitempty" enum:"json_schema,json_object,none" doc:"Best way in which the endpoint takes the form of a reply; none: it is only told in words"`
	Models     []string `json:"models,omitempty" doc:"Models that the endpoint lists"`
	Warnings   []string `json:"warnings,omitempty"`
	Ms         int64    `json:"ms" doc:"How long the model took to plan a small question"`
	Tokens     int      `json:"tokens" doc:"Tokens that the test used"`
}

// InvitationTTL is how long an invitation can be accepted.
const InvitationTTL = 7 * 24 * time.Hour

// Invitation is a one-time link for somebody to become a member.
type Invitation struct {
	ID        string    `gorm:"type:uuid;primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null;index:invitations_list,priority:1"`
	Email     string    `gorm:"not null"` // lower case
	Role      Role      `gorm:"not null"`
	TokenHash []byte    `gorm:"not null;uniqueIndex" json:"-"` // SHA-256
	InvitedBy string    `gorm:"type:uuid;not null"`
	ExpiresAt time.Time `gorm:"not null"`
	UsedAt    *time.Time
	RevokedAt *time.Time
	CreatedAt time.Time `gorm:"index:invitations_list,priority:2,sort:desc"`
}
