package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// APIKey is a key as clients see it: its secret is shown once, when it is made.
type APIKey struct {
	ID         string     `json:"id" format:"uuid"`
	UserID     string     `json:"user_id" format:"uuid"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix" doc:"The key's first characters, to recognise it by"`
	Scopes     []string   `json:"scopes" doc:"Permissions"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
}

// NewAPIKey is a key that was just made.
type NewAPIKey struct {
	APIKey
	Key string `json:"key" doc:"Shown this once; only its hash is kept"`
}

func keyView(k *models.APIKey) APIKey {
	return APIKey{ID: k.ID, UserID: k.UserID, Name: k.Name, Prefix: k.Prefix, Scopes: list(k.Scopes),
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt, CreatedAt: k.CreatedAt}
}

type (
	keyCreateIn struct {
		Body struct {
			Name          string   `json:"name" minLength:"1" maxLength:"100"`
			Scopes        []string `json:"scopes" minItems:"1" maxItems:"30" doc:"Permissions of your own that the key gets"`
			ExpiresInDays int      `json:"expires_in_days,omitempty" minimum:"1" maximum:"365" default:"90"`
		}
	}
	newKeyOut struct{ Body NewAPIKey }
)

func (s *Server) keyRoutes() {
	register(s, operation(http.MethodGet, "/api-keys", "list-api-keys", "API keys of the organisation", 200), auth.ManageKeys, s.listKeys)
	register(s, operation(http.MethodPost, "/api-keys", "create-api-key", "Make an API key", 201), auth.ManageKeys, s.createKey)
	register(s, operation(http.MethodDelete, "/api-keys/{id}", "revoke-api-key", "Revoke an API key at once", 204), auth.ManageKeys, s.revokeKey)
}

func (s *Server) listKeys(ctx context.Context, in *PageParams) (*pageOut[APIKey], error) {
	rows, next, err := s.deps.Store.ListAPIKeys(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, keyView), next), nil
}

// createKey makes a key with a part of its maker's rights. A key cannot make keys.
func (s *Server) createKey(ctx context.Context, in *keyCreateIn) (*newKeyOut, error) {
	caller := who(ctx)
	if caller.KeyID != "" {
		return nil, models.Errorf(models.CodeForbidden, "An API key cannot make another one. Sign in to do that.")
	}
	name := strings.TrimSpace(in.Body.Name)
	if name == "" || !printable(name) {
		return nil, invalidField("body.name", "must be plain text and not blank")
	}
	for _, scope := range in.Body.Scopes {
		if !slices.Contains(caller.Permissions, scope) {
			return nil, invalidField("body.scopes", "must be permissions that you have yourself")
		}
	}
	scopes := slices.Compact(slices.Sorted(slices.Values(in.Body.Scopes)))
	expires := time.Now().UTC().AddDate(0, 0, in.Body.ExpiresInDays)
	key, secret, err := s.deps.Auth.CreateAPIKey(ctx, caller.Scope, name, scopes, expires)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "api_key.create", key.ID, map[string]any{"name": name, "scopes": scopes})
	return &newKeyOut{Body: NewAPIKey{APIKey: keyView(key), Key: secret}}, nil
}

func (s *Server) revokeKey(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Auth.RevokeAPIKey(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "api_key.revoke", in.ID, nil)
	return nil, nil
}
