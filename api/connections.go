package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Connection is a customer's database as clients see it: never its password.
type Connection struct {
	ID             string    `json:"id" format:"uuid"`
	Name           string    `json:"name"`
	Kind           string    `json:"kind" enum:"postgres"`
	Host           string    `json:"host"`
	Port           int       `json:"port"`
	Database       string    `json:"database"`
	Username       string    `json:"username"`
	TLSMode        string    `json:"tls_mode" enum:"disable,require,verify-full"`
	TLSCA          string    `json:"tls_ca,omitempty"`
	Schemas        []string  `json:"schemas"`
	TimeoutSeconds int       `json:"timeout_seconds"`
	MaxRows        int       `json:"max_rows"`
	Sample         bool      `json:"sample"`
	CreatedBy      string    `json:"created_by" format:"uuid"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

func connectionView(c *models.Connection) Connection {
	return Connection{ID: c.ID, Name: c.Name, Kind: c.Kind, Host: c.Host, Port: c.Port, Database: c.Database,
		Username: c.Username, TLSMode: c.TLSMode, TLSCA: c.TLSCA, Schemas: list(c.Schemas),
		TimeoutSeconds: c.TimeoutSeconds, MaxRows: c.MaxRows, Sample: c.Sample, CreatedBy: c.CreatedBy,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

// ConnectionInput describes a database to connect.
type ConnectionInput struct {
	Name           string   `json:"name" minLength:"1" maxLength:"100"`
	Kind           string   `json:"kind,omitempty" enum:"postgres" default:"postgres"`
	Host           string   `json:"host" minLength:"1" maxLength:"253" doc:"A host name or IP address; no sockets, paths or URLs"`
	Port           int      `json:"port,omitempty" minimum:"1" maximum:"65535" default:"5432"`
	Database       string   `json:"database" minLength:"1" maxLength:"63"`
	Username       string   `json:"username" minLength:"1" maxLength:"63"`
	Password       string   `json:"password,omitempty" maxLength:"1000" doc:"Kept sealed; no answer ever holds it"`
	TLSMode        string   `json:"tls_mode,omitempty" enum:"disable,require,verify-full" default:"verify-full"`
	TLSCA          string   `json:"tls_ca,omitempty" maxLength:"65536" doc:"PEM certificates to trust instead of the system's"`
	Schemas        []string `json:"schemas,omitempty" maxItems:"100" doc:"Schemas to include; default: public"`
	TimeoutSeconds int      `json:"timeout_seconds,omitempty" minimum:"1" maximum:"600" default:"60"`
	MaxRows        int      `json:"max_rows,omitempty" minimum:"1" maximum:"100000" default:"10000"`
}

// ConnectionPatch changes the fields that are given.
type ConnectionPatch struct {
	Name           *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Host           *string   `json:"host,omitempty" minLength:"1" maxLength:"253"`
	Port           *int      `json:"port,omitempty" minimum:"1" maximum:"65535"`
	Database       *string   `json:"database,omitempty" minLength:"1" maxLength:"63"`
	Username       *string   `json:"username,omitempty" minLength:"1" maxLength:"63"`
	Password       *string   `json:"password,omitempty" maxLength:"1000" doc:"Needed again when host, port, database, user or TLS change"`
	TLSMode        *string   `json:"tls_mode,omitempty" enum:"disable,require,verify-full"`
	TLSCA          *string   `json:"tls_ca,omitempty" maxLength:"65536"`
	Schemas        *[]string `json:"schemas,omitempty" maxItems:"100"`
	TimeoutSeconds *int      `json:"timeout_seconds,omitempty" minimum:"1" maximum:"600"`
	MaxRows        *int      `json:"max_rows,omitempty" minimum:"1" maximum:"100000"`
}

// ConnectionTest is a connection that may not be saved yet: its fields, or
// connection_id for a saved one.
type ConnectionTest struct {
	ConnectionID   string   `json:"connection_id,omitempty" format:"uuid" maxLength:"36"`
	Name           string   `json:"name,omitempty" maxLength:"100"`
	Kind           string   `json:"kind,omitempty" enum:"postgres" default:"postgres"`
	Host           string   `json:"host,omitempty" maxLength:"253"`
	Port           int      `json:"port,omitempty" minimum:"1" maximum:"65535" default:"5432"`
	Database       string   `json:"database,omitempty" maxLength:"63"`
	Username       string   `json:"username,omitempty" maxLength:"63"`
	Password       string   `json:"password,omitempty" maxLength:"1000"`
	TLSMode        string   `json:"tls_mode,omitempty" enum:"disable,require,verify-full" default:"verify-full"`
	TLSCA          string   `json:"tls_ca,omitempty" maxLength:"65536"`
	Schemas        []string `json:"schemas,omitempty" maxItems:"100"`
	TimeoutSeconds int      `json:"timeout_seconds,omitempty" minimum:"1" maximum:"600" default:"60"`
	MaxRows        int      `json:"max_rows,omitempty" minimum:"1" maximum:"100000" default:"10000"`
}

type (
	connectionOut      struct{ Body Connection }
	connectionCreateIn struct{ Body ConnectionInput }
	connectionPatchIn  struct {
		IDParam
		Body ConnectionPatch
	}
	connectionTestIn struct{ Body ConnectionTest }
	reportOut        struct{ Body models.ConnectionReport }
)

// testTimeout is how long a person waits for a test of a connection.
const testTimeout = 32 * time.Second

func (s *Server) connectionRoutes() {
	register(s, operation(http.MethodGet, "/connections", "list-connections", "Connected databases", 200),
		auth.ReadConnections, s.listConnections)
	register(s, operation(http.MethodPost, "/connections", "create-connection", "Connect a database", 201),
		auth.WriteConnections, s.createConnection)
	register(s, slow(operation(http.MethodPost, "/connections/test", "test-connection",
		"Try a connection, saved or not; the report says what is wrong", 200), testTimeout),
		auth.WriteConnections, s.testConnection)
	register(s, operation(http.MethodGet, "/connections/{id}", "get-connection", "One connection", 200),
		auth.ReadConnections, s.getConnection)
	register(s, operation(http.MethodPatch, "/connections/{id}", "update-connection", "Change a connection", 200),
		auth.WriteConnections, s.updateConnection)
	register(s, operation(http.MethodDelete, "/connections/{id}", "delete-connection",
		"Disconnect a database; conversations about it must be gone, or go with it", 204),
		auth.WriteConnections, s.deleteConnection)
	register(s, slow(operation(http.MethodPost, "/connections/{id}/test", "test-saved-connection",
		"Try a saved connection", 200), testTimeout),
		auth.WriteConnections, s.testSavedConnection)
}

func (s *Server) listConnections(ctx context.Context, in *PageParams) (*pageOut[Connection], error) {
	rows, next, err := s.deps.Store.ListConnections(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, connectionView), next), nil
}

func (s *Server) getConnection(ctx context.Context, in *IDParam) (*connectionOut, error) {
	c, err := s.deps.Store.GetConnection(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &connectionOut{Body: connectionView(c)}, nil
}

func (s *Server) createConnection(ctx context.Context, in *connectionCreateIn) (*connectionOut, error) {
	scope := scopeOf(ctx)
	c, err := s.newConnection(scope, in.Body)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateConnection(ctx, scope, c); err != nil {
		return nil, err
	}
	s.audit(ctx, "connection.create", c.ID, map[string]any{"name": c.Name, "host": c.Host, "database": c.Database})
	s.sync(ctx, scope, c.ID)
	return &connectionOut{Body: connectionView(c)}, nil
}

// newConnection checks the fields and seals the password.
func (s *Server) newConnection(scope models.Scope, in ConnectionInput) (*models.Connection, error) {
	c := &models.Connection{ID: newID(), OrgID: scope.OrgID, Name: in.Name, Kind: in.Kind, Host: in.Host, Port: in.Port,
		Database: in.Database, Username: in.Username, TLSMode: in.TLSMode, TLSCA: in.TLSCA, Schemas: in.Schemas,
		TimeoutSeconds: in.TimeoutSeconds, MaxRows: in.MaxRows, CreatedBy: scope.UserID}
	if err := checkConnection(c); err != nil {
		return nil, err
	}
	sealed, err := s.deps.Sealer.Seal(c.OrgID, c.ID, []byte(in.Password))
	if err != nil {
		return nil, err
	}
	c.SealedPassword = sealed
	return c, nil
}

// updateConnection changes what is given. A change of where the password is
// sent needs the password again: else somebody who may edit connections could
// have it sent to a host of their own.
func (s *Server) updateConnection(ctx context.Context, in *connectionPatchIn) (*connectionOut, error) {
	scope := scopeOf(ctx)
	c, err := s.deps.Store.GetConnection(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	before := *c
	applyPatch(c, in.Body)
	if err := checkConnection(c); err != nil {
		return nil, err
	}
	moved := before.Host != c.Host || before.Port != c.Port || before.Database != c.Database ||
		before.Username != c.Username || before.TLSMode != c.TLSMode || before.TLSCA != c.TLSCA
	if moved && in.Body.Password == nil {
		return nil, invalidField("body.password", "is needed again when host, port, database, username or TLS change")
	}
	if in.Body.Password != nil {
		sealed, err := s.deps.Sealer.Seal(c.OrgID, c.ID, []byte(*in.Body.Password))
		if err != nil {
			return nil, err
		}
		c.SealedPassword = sealed
	}
	if err := s.deps.Store.UpdateConnection(ctx, scope, c); err != nil {
		return nil, err
	}
	s.audit(ctx, "connection.update", c.ID, map[string]any{"name": c.Name, "host": c.Host, "password": in.Body.Password != nil})
	s.sync(ctx, scope, c.ID)
	return &connectionOut{Body: connectionView(c)}, nil
}

func applyPatch(c *models.Connection, p ConnectionPatch) {
	set(&c.Name, p.Name)
	set(&c.Host, p.Host)
	set(&c.Port, p.Port)
	set(&c.Database, p.Database)
	set(&c.Username, p.Username)
	set(&c.TLSMode, p.TLSMode)
	set(&c.TLSCA, p.TLSCA)
	set(&c.Schemas, p.Schemas)
	set(&c.TimeoutSeconds, p.TimeoutSeconds)
	set(&c.MaxRows, p.MaxRows)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

type connectionDeleteIn struct {
	IDParam
	Conversations bool `query:"conversations" doc:"Delete the conversations of the whole organisation about it as well"`
}

func (s *Server) deleteConnection(ctx context.Context, in *connectionDeleteIn) (*empty, error) {
	open, err := s.deps.Store.DeleteConnection(ctx, scopeOf(ctx), in.ID, in.Conversations)
	if err != nil {
		return nil, err
	}
	s.stopAll(ctx, open)
	s.audit(ctx, "connection.delete", in.ID, map[string]any{"conversations": in.Conversations})
	return nil, nil
}

func (s *Server) testConnection(ctx context.Context, in *connectionTestIn) (*reportOut, error) {
	b := in.Body
	if b.ConnectionID != "" {
		if b.Host != "" || b.Database != "" || b.Username != "" || b.Password != "" {
			return nil, invalidField("body.connection_id", "cannot be combined with other fields")
		}
		return s.testSavedConnection(ctx, &IDParam{ID: canonical(b.ConnectionID)})
	}
	for _, f := range []struct{ field, value string }{{"host", b.Host}, {"database", b.Database}, {"username", b.Username}} {
		if f.value == "" {
			return nil, invalidField("body."+f.field, "is required")
		}
	}
	scope := scopeOf(ctx)
	c, err := s.newConnection(scope, ConnectionInput{Name: "test", Kind: b.Kind, Host: b.Host, Port: b.Port,
		Database: b.Database, Username: b.Username, Password: b.Password, TLSMode: b.TLSMode, TLSCA: b.TLSCA,
		Schemas: b.Schemas, TimeoutSeconds: b.TimeoutSeconds, MaxRows: b.MaxRows})
	if err != nil {
		return nil, err
	}
	return s.runTest(ctx, scope, TestConnectionInput{Unsaved: c})
}

func (s *Server) testSavedConnection(ctx context.Context, in *IDParam) (*reportOut, error) {
	scope := scopeOf(ctx)
	c, err := s.deps.Store.GetConnection(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	return s.runTest(ctx, scope, TestConnectionInput{ConnectionID: c.ID})
}

func (s *Server) runTest(ctx context.Context, scope models.Scope, in TestConnectionInput) (*reportOut, error) {
	if err := s.deps.Auth.Limit(ctx, "test:"+scope.UserID, s.deps.Config.TestsPerMinute, time.Minute); err != nil {
		return nil, err
	}
	report, err := s.deps.Runs.TestConnection(ctx, scope, in)
	if err != nil {
		return nil, unavailable(err, "The test could not be run now. Try again in a moment.")
	}
	return &reportOut{Body: report}, nil
}
