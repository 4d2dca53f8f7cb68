package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

type (
	dashboardsIn struct {
		PageParams
		Query string `query:"q" maxLength:"200" doc:"Words of the name or the description; all must be found"`
		Mine  bool   `query:"mine" doc:"Your own only"`
	}
	dashboardOut    struct{ Body Dashboard }
	dashboardCreate struct {
		Body struct {
			DashboardSpec
			Sharing models.Sharing `json:"sharing,omitempty" enum:"private,view,edit" default:"private"`
		}
	}
	dashboardPut struct {
		IDParam
		Body struct {
			DashboardSpec
			Sharing models.Sharing `json:"sharing" enum:"private,view,edit"`
			Version int            `json:"version" minimum:"1" maximum:"1000000000" doc:"The version that was changed; when there is a newer one, nothing is stored"`
		}
	}
	dashboardCopy struct {
		IDParam
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"200"`
		}
	}
	dashboardVersionsOut struct {
		Body struct {
			Items []DashboardVersion `json:"items" doc:"Newest first"`
		}
	}
	versionIn struct {
		IDParam
		Version int `path:"version" minimum:"1" maximum:"1000000000"`
	}
	versionOut struct{ Body DashboardVersionDetail }
	restoreIn  struct {
		IDParam
		Version int `path:"version" minimum:"1" maximum:"1000000000"`
	}
)

func (s *Server) dashboardRoutes() {
	register(s, operation(http.MethodGet, "/dashboards", "list-dashboards", "Dashboards that you may see, changed last first", 200), auth.ReadDashboards, s.listDashboards)
	register(s, operation(http.MethodPost, "/dashboards", "create-dashboard", "Make a dashboard", 201), auth.WriteDashboards, s.createDashboard)
	register(s, operation(http.MethodGet, "/dashboards/{id}", "get-dashboard", "One dashboard", 200), auth.ReadDashboards, s.getDashboard)
	register(s, operation(http.MethodPut, "/dashboards/{id}", "update-dashboard", "Change a dashboard; its earlier version is kept", 200), auth.WriteDashboards, s.updateDashboard)
	register(s, operation(http.MethodDelete, "/dashboards/{id}", "delete-dashboard", "Delete a dashboard with its versions and links", 204), auth.WriteDashboards, s.deleteDashboard)
	register(s, operation(http.MethodPost, "/dashboards/{id}/duplicate", "duplicate-dashboard", "Make a private copy", 201), auth.WriteDashboards, s.duplicateDashboard)
	register(s, operation(http.MethodGet, "/dashboards/{id}/versions", "list-dashboard-versions", "Its versions", 200), auth.ReadDashboards, s.listDashboardVersions)
	register(s, operation(http.MethodGet, "/dashboards/{id}/versions/{version}", "get-dashboard-version", "One version", 200), auth.ReadDashboards, s.getDashboardVersion)
	register(s, operation(http.MethodPost, "/dashboards/{id}/versions/{version}/restore", "restore-dashboard-version", "Make an earlier version the current one, as a new version", 200),
		auth.WriteDashboards, s.restoreDashboard)
	s.tileRoutes()
	s.proposalRoutes()
	s.yamlRoutes()
	s.publicRoutes()
}

func (s *Server) listDashboards(ctx context.Context, in *dashboardsIn) (*pageOut[DashboardEntry], error) {
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ListDashboards(ctx, scope, store.DashboardFilter{Query: in.Query, Mine: in.Mine}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(d *models.Dashboard) DashboardEntry { return dashboardEntry(scope, d) }), next), nil
}

func (s *Server) createDashboard(ctx context.Context, in *dashboardCreate) (*dashboardOut, error) {
	d := &models.Dashboard{Spec: in.Body.model(), Sharing: in.Body.Sharing}
	return s.makeDashboard(ctx, d, "", "dashboard.create")
}

// makeDashboard stores a new dashboard of the caller's.
func (s *Server) makeDashboard(ctx context.Context, d *models.Dashboard, note, action string) (*dashboardOut, error) {
	scope := scopeOf(ctx)
	if d.Sharing == "" {
		d.Sharing = models.SharePrivate
	}
	if err := s.checkSpec(ctx, &d.Spec, nil); err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateDashboard(ctx, scope, d, note); err != nil {
		return nil, err
	}
	s.audit(ctx, action, d.ID, map[string]any{"name": d.Name, "sharing": d.Sharing})
	return s.showDashboard(ctx, d.ID)
}

func (s *Server) showDashboard(ctx context.Context, id string) (*dashboardOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	v := dashboardView(scope, d)
	v.Outdated, err = s.outdated(ctx, scope, &d.Spec)
	return &dashboardOut{Body: v}, err
}

func (s *Server) getDashboard(ctx context.Context, in *IDParam) (*dashboardOut, error) {
	out, err := s.showDashboard(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Store.ViewDashboard(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.read", in.ID, nil)
	return out, nil
}

// outdated are the tiles whose saved query has other SQL now.
func (s *Server) outdated(ctx context.Context, scope models.Scope, spec *models.DashboardSpec) ([]string, error) {
	out := []string{}
	for _, t := range spec.Tiles {
		if t.SavedQueryID == "" {
			continue
		}
		q, err := s.deps.Store.GetSavedQuery(ctx, scope, t.SavedQueryID)
		switch {
		case models.ErrorCode(err) == models.CodeNotFound: // gone, or private: the copy stands by itself
		case err != nil:
			return nil, err
		case q.SQL != t.SQL:
			out = append(out, t.ID)
		}
	}
	return out, nil
}

// mayChange refuses who may not change a dashboard that they see.
func mayChange(scope models.Scope, d *models.Dashboard) error {
	admin := scope.Role == models.RoleOwner || scope.Role == models.RoleAdmin
	if d.UserID == scope.UserID || d.Sharing == models.ShareEdit || d.Sharing == models.ShareView && admin {
		return nil
	}
	return models.Errorf(models.CodeForbidden, "Only its owner may change this dashboard. Duplicate it to have one of your own.")
}

// mayOwn refuses who may not share or delete a dashboard that they see.
func mayOwn(scope models.Scope, d *models.Dashboard) error {
	if d.UserID == scope.UserID || d.Sharing != models.SharePrivate && (scope.Role == models.RoleOwner || scope.Role == models.RoleAdmin) {
		return nil
	}
	return models.Errorf(models.CodeForbidden, "Only its owner or an administrator may share or delete this dashboard.")
}

// movedOn says that somebody else has stored a newer version.
func (s *Server) movedOn(ctx context.Context, d *models.Dashboard, version int) error {
	if d.Version == version {
		return nil
	}
	who := "Somebody"
	if m, err := s.deps.Store.GetMember(ctx, scopeOf(ctx), d.UpdatedBy); err == nil {
		who = m.Name
	}
	return models.Errorf(models.CodeConflict, "%s has stored version %d meanwhile; you changed version %d. Look at theirs, then make your change again, or save yours as a copy.", who, d.Version, version)
}

func (s *Server) updateDashboard(ctx context.Context, in *dashboardPut) (*dashboardOut, error) {
	scope := scopeOf(ctx)
	before, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	spec := in.Body.model()
	if err := mayChange(scope, before); err != nil {
		return nil, err
	}
	if err := s.checkSpec(ctx, &spec, &before.Spec); err != nil {
		return nil, err
	}
	d, err := s.deps.Store.UpdateDashboard(ctx, scope, in.ID, "", func(d *models.Dashboard) error {
		if err := mayChange(scope, d); err != nil {
			return err
		}
		if d.Sharing != in.Body.Sharing {
			if err := mayOwn(scope, d); err != nil {
				return err
			}
		}
		if err := s.movedOn(ctx, d, in.Body.Version); err != nil {
			return err
		}
		d.Spec, d.Sharing = spec, in.Body.Sharing
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.update", d.ID, map[string]any{"name": d.Name, "sharing": d.Sharing, "version": d.Version})
	return s.showDashboard(ctx, d.ID)
}

func (s *Server) deleteDashboard(ctx context.Context, in *IDParam) (*empty, error) {
	scope := scopeOf(ctx)
	err := s.deps.Store.DeleteDashboard(ctx, scope, in.ID, func(d *models.Dashboard) error { return mayOwn(scope, d) })
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) duplicateDashboard(ctx context.Context, in *dashboardCopy) (*dashboardOut, error) {
	d, err := s.deps.Store.GetDashboard(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	duplicate := &models.Dashboard{Spec: d.Spec, Sharing: models.SharePrivate}
	duplicate.Spec.Name = strings.TrimSpace(in.Body.Name)
	duplicate.Spec.Tiles = slices.Clone(d.Spec.Tiles)
	for i := range duplicate.Spec.Tiles {
		duplicate.Spec.Tiles[i].ID = newID()
	}
	if duplicate.Spec.Name == "" {
		return nil, invalidField("body.name", "must not be blank")
	}
	scope := scopeOf(ctx)
	if err := s.deps.Store.CreateDashboard(ctx, scope, duplicate, "copy of “"+d.Name+"”"); err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.create", duplicate.ID, map[string]any{"name": duplicate.Name, "copy_of": d.ID})
	return s.showDashboard(ctx, duplicate.ID)
}

func (s *Server) listDashboardVersions(ctx context.Context, in *IDParam) (*dashboardVersionsOut, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetDashboard(ctx, scope, in.ID); err != nil {
		return nil, err
	}
	rows, err := s.deps.Store.ListDashboardVersions(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	out := &dashboardVersionsOut{}
	out.Body.Items = views(rows, dashboardVersionView)
	return out, nil
}

func (s *Server) dashboardVersion(ctx context.Context, id string, version int) (*models.DashboardVersion, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetDashboard(ctx, scope, id); err != nil {
		return nil, err
	}
	return s.deps.Store.GetDashboardVersion(ctx, scope, id, version)
}

func (s *Server) getDashboardVersion(ctx context.Context, in *versionIn) (*versionOut, error) {
	v, err := s.dashboardVersion(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	return &versionOut{Body: DashboardVersionDetail{DashboardVersion: dashboardVersionView(v), Spec: specView(&v.Spec)}}, nil
}

func (s *Server) restoreDashboard(ctx context.Context, in *restoreIn) (*dashboardOut, error) {
	scope := scopeOf(ctx)
	v, err := s.dashboardVersion(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	d, err := s.deps.Store.UpdateDashboard(ctx, scope, in.ID, fmt.Sprintf("version %d restored", in.Version), func(d *models.Dashboard) error {
		d.Spec = v.Spec
		return mayChange(scope, d)
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.restore", d.ID, map[string]any{"name": d.Name, "version": in.Version})
	return s.showDashboard(ctx, d.ID)
}

// checkSpec answers what is wrong with a dashboard as the fields that are wrong.
// SQL that before has as well is not checked again: it may have stopped working
// when the database changed, which is no reason not to move a tile.
func (s *Server) checkSpec(ctx context.Context, spec, before *models.DashboardSpec) error {
	flaws, err := s.flaws(ctx, spec, before)
	if err != nil || len(flaws) == 0 {
		return err
	}
	var details []error
	for _, f := range flaws {
		details = append(details, &huma.ErrorDetail{Location: "body." + f.Where, Message: f.Message})
	}
	return validationProblem(ctx, http.StatusUnprocessableEntity, "", details)
}

// flaws are what is wrong with a dashboard, its SQL included as far as the
// structure of its databases is known.
func (s *Server) flaws(ctx context.Context, spec, before *models.DashboardSpec) ([]models.Flaw, error) {
	for i := range spec.Tiles {
		if spec.Tiles[i].ID == "" {
			spec.Tiles[i].ID = newID()
		}
	}
	flaws := spec.Check()
	for i := range spec.Tiles {
		t := &spec.Tiles[i]
		if t.Kind != models.TileQuery {
			continue
		}
		if before != nil {
			if was := before.Tile(t.ID); was != nil && was.SQL == t.SQL && was.ConnectionID == t.ConnectionID {
				continue
			}
		}
		wrong, err := s.tileFlaw(ctx, t)
		if err != nil {
			return nil, err
		}
		if wrong != nil {
			wrong.Where = fmt.Sprintf("tiles[%d].%s", i, wrong.Where)
			flaws = append(flaws, *wrong)
		}
	}
	return flaws, nil
}

// tileFlaw is why a tile's SQL would not be run, nil where it would be.
func (s *Server) tileFlaw(ctx context.Context, t *models.Tile) (*models.Flaw, error) {
	for _, name := range sqlguard.Placeholders(t.SQL) {
		if !slices.ContainsFunc(t.Parameters, func(p models.Parameter) bool { return p.Name == name }) {
			return &models.Flaw{Where: "sql", Message: fmt.Sprintf("The SQL has a parameter %s that is not declared.", name)}, nil
		}
	}
	if sound := models.CheckParameters(t.Parameters) == nil; !sound || strings.TrimSpace(t.SQL) == "" {
		return nil, nil // said already
	}
	known, err := s.structure(ctx, t.ConnectionID)
	switch models.ErrorCode(err) {
	case "":
	case codeCatalogPending: // it is checked before it is run
		return nil, nil
	case models.CodeNotFound:
		return &models.Flaw{Where: "connection_id", Message: "There is no such database, or you may not see it."}, nil
	default:
		return nil, err
	}
	if check := verdict(known, t.SQL, t.Parameters); !check.Allowed {
		return &models.Flaw{Where: "sql", Message: check.Message}, nil
	}
	return nil, nil
}

// since is the time of a request, for results that are to be newer than it.
func since() time.Time { return time.Now().Truncate(time.Microsecond) }
