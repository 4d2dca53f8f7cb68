package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/datamind/datamind/internal/auth"
)

// Organisation is the caller's organisation.
type Organisation struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
}

type (
	organisationIn struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"100"`
		}
	}
	organisationOut struct{ Body Organisation }
)

func (s *Server) organisationRoutes() {
	register(s, operation(http.MethodPatch, "/organisation", "update-organisation", "Rename the organisation", 200), auth.WriteOrg, s.renameOrganisation)
}

func (s *Server) renameOrganisation(ctx context.Context, in *organisationIn) (*organisationOut, error) {
	name := strings.TrimSpace(in.Body.Name)
	if name == "" || !printable(name) {
		return nil, invalidField("body.name", "must be plain text and not blank")
	}
	scope := scopeOf(ctx)
	if err := s.deps.Store.RenameOrg(ctx, scope, name); err != nil {
		return nil, err
	}
	s.audit(ctx, "organisation.update", scope.OrgID, map[string]any{"name": name})
	return &organisationOut{Body: Organisation{ID: scope.OrgID, Name: name}}, nil
}
