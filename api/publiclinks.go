package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// PublicLink is a link that shows a dashboard to whoever has it.
type PublicLink struct {
	ID        string         `json:"id" format:"uuid"`
	Values    map[string]any `json:"values" doc:"Of the filters, fixed; those left out have their defaults"`
	CreatedBy string         `json:"created_by" format:"uuid" doc:"With whose rights it reads"`
	ExpiresAt time.Time      `json:"expires_at"`
	CreatedAt time.Time      `json:"created_at"`
}

// NewPublicLink is a link with its address, which is shown this once.
type NewPublicLink struct {
	PublicLink
	URL string `json:"url" doc:"Only here: it is not kept"`
}

// PublicDashboard is a dashboard as strangers see it: no SQL, no ids of other things.
type PublicDashboard struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Filters     []PublicFilter `json:"filters" doc:"The fixed values"`
	Tiles       []PublicTile   `json:"tiles"`
	ExpiresAt   time.Time      `json:"expires_at"`
}

// PublicFilter is a filter with its fixed value.
type PublicFilter struct {
	Label string `json:"label"`
	Value any    `json:"value"`
}

// PublicTile is a tile with its rows.
type PublicTile struct {
	ID     string          `json:"id" format:"uuid"`
	Kind   models.TileKind `json:"kind" enum:"query,text"`
	Title  string          `json:"title,omitempty"`
	Text   string          `json:"text,omitempty"`
	X      int             `json:"x"`
	Y      int             `json:"y"`
	W      int             `json:"w"`
	H      int             `json:"h"`
	Order  int             `json:"order"`
	Status string          `json:"status,omitempty" enum:"none,refreshing,ready,failed"`
	RanAt  *time.Time      `json:"ran_at,omitempty"`
	Chart  *models.Chart   `json:"chart,omitempty"`
	Result *ResultPage     `json:"result,omitempty" doc:"The first rows"`
}

type (
	linkCreateIn struct {
		IDParam
		Body struct {
			ExpiresInDays int          `json:"expires_in_days" minimum:"1" maximum:"365"`
			Values        FilterValues `json:"values,omitempty" maxProperties:"30" doc:"Fixed values of the filters"`
		}
	}
	publicLinkOut struct{ Body NewPublicLink }
	linksOut      struct {
		Body struct {
			Items []PublicLink `json:"items" doc:"Those that open the dashboard now, newest first"`
		}
	}
	publicLinkIn struct {
		IDParam
		Link string `path:"link" pattern:"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" doc:"The link's id"`
	}
	publicIn struct {
		Body struct {
			Token string `json:"token" minLength:"10" maxLength:"200" doc:"What the link's address has behind the #"`
		}
	}
	publicOut struct{ Body PublicDashboard }
)

// What strangers may do with a link.
const (
	publicPerMinute = 60               // views from one network
	linkPerMinute   = 600              // views of one link
	publicAge       = 10 * time.Minute // results are read again when they are older
	publicRows      = 500
)

func (s *Server) publicRoutes() {
	register(s, operation(http.MethodGet, "/dashboards/{id}/links", "list-public-links", "Its public links", 200), auth.PublishDashboards, s.listPublicLinks)
	register(s, operation(http.MethodPost, "/dashboards/{id}/links", "create-public-link", "Make a link that shows it to whoever has it, with your rights", 201), auth.PublishDashboards, s.createPublicLink)
	register(s, operation(http.MethodDelete, "/dashboards/{id}/links/{link}", "revoke-public-link", "End a public link", 204), auth.PublishDashboards, s.revokePublicLink)
	register(s, operation(http.MethodPost, "/public/dashboard", "view-public-dashboard", "What a public link shows; results are read again when they are old", 200), public, s.viewPublic)
}

func publicLinkView(l *models.PublicLink) PublicLink {
	v := PublicLink{ID: l.ID, Values: l.Values, CreatedBy: l.CreatedBy, ExpiresAt: l.ExpiresAt, CreatedAt: l.CreatedAt}
	if v.Values == nil {
		v.Values = map[string]any{}
	}
	return v
}

func (s *Server) listPublicLinks(ctx context.Context, in *IDParam) (*linksOut, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetDashboard(ctx, scope, in.ID); err != nil {
		return nil, err
	}
	rows, err := s.deps.Store.ListPublicLinks(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	out := &linksOut{}
	out.Body.Items = views(rows, publicLinkView)
	return out, nil
}

func (s *Server) createPublicLink(ctx context.Context, in *linkCreateIn) (*publicLinkOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := mayOwn(scope, d); err != nil {
		return nil, err
	}
	if _, err := s.plans(ctx, scope, &d.Spec, in.Body.Values); err != nil {
		return nil, err
	}
	l := &models.PublicLink{DashboardID: d.ID, Values: fixed(&d.Spec, in.Body.Values), ExpiresAt: time.Now().AddDate(0, 0, in.Body.ExpiresInDays)}
	token, err := s.deps.Auth.Publish(ctx, scope, l)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.publish", d.ID, map[string]any{"name": d.Name, "link": l.ID, "expires_at": l.ExpiresAt})
	return &publicLinkOut{Body: NewPublicLink{PublicLink: publicLinkView(l), URL: s.base.Scheme + "://" + s.base.Host + "/public#token=" + token}}, nil
}

// fixed are the values of all filters: a default that somebody changes later
// does not change what a link shows.
func fixed(spec *models.DashboardSpec, given FilterValues) map[string]any {
	out := map[string]any{}
	for _, f := range spec.Filters {
		value, said := given[f.Name]
		if !said {
			value = f.Default
		}
		out[f.Name] = value
	}
	return out
}

func (s *Server) revokePublicLink(ctx context.Context, in *publicLinkIn) (*empty, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Store.RevokePublicLink(ctx, scope, d.ID, in.Link); err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.unpublish", d.ID, map[string]any{"name": d.Name, "link": in.Link})
	return nil, nil
}

// viewPublic shows what the link's maker sees, with the values that they fixed.
// A token that opens nothing answers alike whether it never did or was revoked.
func (s *Server) viewPublic(ctx context.Context, in *publicIn) (*publicOut, error) {
	if err := s.deps.Auth.Limit(ctx, "ip:public:"+network(requestFrom(ctx).IP), publicPerMinute, time.Minute); err != nil {
		return nil, err
	}
	link, scope, err := s.deps.Auth.OpenPublic(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Auth.Limit(ctx, "public:"+link.ID, linkPerMinute, time.Minute); err != nil {
		return nil, err
	}
	d, err := s.deps.Store.GetDashboard(ctx, scope, link.DashboardID)
	if err != nil {
		return nil, err
	}
	values := FilterValues{}
	for name, value := range link.Values { // a filter that is gone since has no value
		if d.Spec.Filter(name) != nil {
			values[name] = value
		}
	}
	all, err := s.plans(ctx, scope, &d.Spec, values)
	if err != nil {
		return nil, err
	}
	states, err := s.readAgain(ctx, scope, d.ID, all, nil, publicAge)
	if err != nil {
		return nil, err
	}
	out := &publicOut{Body: PublicDashboard{Name: d.Name, Description: d.Spec.Description, Filters: []PublicFilter{}, Tiles: []PublicTile{}, ExpiresAt: link.ExpiresAt}}
	for _, f := range d.Spec.Filters {
		if value := values[f.Name]; value != nil {
			out.Body.Filters = append(out.Body.Filters, PublicFilter{Label: labelOf(f), Value: value})
		}
	}
	for i := range d.Spec.Tiles {
		t := &d.Spec.Tiles[i]
		v := PublicTile{ID: t.ID, Kind: t.Kind, Title: t.Title, Text: t.Text, X: t.X, Y: t.Y, W: t.W, H: t.H, Order: t.Order}
		for j, p := range all {
			if p.tile.ID == t.ID {
				if err := s.publicRows(ctx, scope, &v, p, states[j]); err != nil {
					return nil, err
				}
			}
		}
		out.Body.Tiles = append(out.Body.Tiles, v)
	}
	return out, nil
}

func labelOf(f models.DashboardFilter) string {
	if f.Label != "" {
		return f.Label
	}
	return f.Name
}

// publicRows gives a tile its rows. Why one could not be read is not for strangers.
func (s *Server) publicRows(ctx context.Context, scope models.Scope, v *PublicTile, p plan, state TileState) error {
	v.Status, v.RanAt = state.Status, state.RanAt
	if state.RanAt == nil {
		return nil
	}
	r, rows, err := s.deps.Store.TilePage(ctx, scope, p.key, 0, publicRows)
	if err != nil || rows == nil {
		return err
	}
	v.Chart, v.Result = p.tile.ChartOf(r), &ResultPage{Columns: list(rows.Columns), Rows: list(rows.Rows), RowCount: r.RowCount, Truncated: r.Truncated}
	return nil
}
