package api

import (
	"context"

	"github.com/datamind/datamind/models"
)

// ExportRoleLimit is how much one export of a role may hold.
type ExportRoleLimit struct {
	Role     models.Role `json:"role" enum:"owner,admin,analyst"`
	MaxRows  int64       `json:"max_rows" minimum:"1" maximum:"10000000000"`
	MaxBytes int64       `json:"max_bytes" minimum:"1048576" maximum:"17592186044416" doc:"Of the file, compressed"`
}

// ExportSettings are an organisation's rules for exports.
type ExportSettings struct {
	Roles     []ExportRoleLimit `json:"roles" doc:"Roles that are not in it export nothing"`
	KeepHours int               `json:"keep_hours" minimum:"1" maximum:"2160" doc:"How long the file of a finished export is kept"`
	Targets   []string          `json:"targets" readOnly:"true" doc:"Places into which the installation lets scheduled exports be copied"`
}

type exportSettingsOut struct{ Body ExportSettings }

type exportSettingsIn struct {
	Body struct {
		Roles     []ExportRoleLimit `json:"roles,omitempty" maxItems:"3" doc:"Those left out stay as they are"`
		KeepHours *int              `json:"keep_hours,omitempty" minimum:"1" maximum:"2160"`
	}
}

func (s *Server) getExportSettings(ctx context.Context, _ *empty) (*exportSettingsOut, error) {
	settings, err := s.deps.Store.ExportSettings(ctx, scopeOf(ctx))
	if err != nil {
		return nil, err
	}
	return &exportSettingsOut{Body: s.exportSettingsView(settings)}, nil
}

func (s *Server) exportSettingsView(settings models.ExportSettings) ExportSettings {
	v := ExportSettings{KeepHours: settings.Keep(), Targets: list(s.deps.Config.ExportTargets)}
	for _, role := range []models.Role{models.RoleOwner, models.RoleAdmin, models.RoleAnalyst} {
		if limit, may := settings.Limit(role); may {
			v.Roles = append(v.Roles, ExportRoleLimit{Role: role, MaxRows: limit.MaxRows, MaxBytes: limit.MaxBytes})
		}
	}
	return v
}

func (s *Server) setExportSettings(ctx context.Context, in *exportSettingsIn) (*exportSettingsOut, error) {
	scope := scopeOf(ctx)
	settings, err := s.deps.Store.ExportSettings(ctx, scope)
	if err != nil {
		return nil, err
	}
	if settings.Roles == nil {
		settings.Roles = map[models.Role]models.ExportLimit{}
	}
	for _, r := range in.Body.Roles {
		settings.Roles[r.Role] = models.ExportLimit{MaxRows: r.MaxRows, MaxBytes: r.MaxBytes}
	}
	if in.Body.KeepHours != nil {
		settings.KeepHours = *in.Body.KeepHours
	}
	if err := s.deps.Store.SetExportSettings(ctx, scope, settings); err != nil {
		return nil, err
	}
	v := s.exportSettingsView(settings)
	s.audit(ctx, "export.settings", scope.OrgID, map[string]any{"roles": v.Roles, "keep_hours": v.KeepHours})
	return &exportSettingsOut{Body: v}, nil
}
