package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

const apiPrefix = "/api/v1"

// Route is one entry of the route table.
type Route struct {
	Method     string
	Path       string // with {parameters}
	Permission string
}

// operation shortens what every huma operation of this API has in common.
// readBody has bounded and read the body before huma sees it. A time limit of
// huma's would stay on the connection instead, and cancel this request, and
// each later one on the same connection, once it has passed.
func operation(method, path, id, summary string, status int) huma.Operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return huma.Operation{OperationID: id, Method: method, Path: apiPrefix + path, Summary: summary,
		DefaultStatus: status, Tags: []string{tag}, MaxBodyBytes: -1, BodyReadTimeout: -1}
}

const metaTimeout = "timeout"

// slow gives an operation more time than the usual ten seconds.
func slow(op huma.Operation, d time.Duration) huma.Operation {
	op.Metadata = map[string]any{metaTimeout: d}
	return op
}

func handlerTimeout(op *huma.Operation) time.Duration {
	if d, ok := op.Metadata[metaTimeout].(time.Duration); ok {
		return d
	}
	return 10 * time.Second
}

// register adds a typed operation with the permission it needs. Errors of the
// handler are translated in errors.go.
func register[I, O any](s *Server, op huma.Operation, need string, h func(context.Context, *I) (*O, error)) {
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[metaPermission] = need
	if need == public {
		op.Security = []map[string][]string{}
	} else {
		op.Extensions = map[string]any{"x-permission": need}
	}
	s.routes = append(s.routes, Route{op.Method, op.Path, need})
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

// handle adds a route outside of the OpenAPI document: WebSocket, health, codec.
func (s *Server) handle(method, path string, need string, h gin.HandlerFunc) {
	s.routes = append(s.routes, Route{method, path, need})
	pattern := strings.NewReplacer("{", ":", "}", "").Replace(path)
	s.engine.Handle(method, pattern, func(c *gin.Context) {
		if p := s.admit(c, need); p != nil {
			writeProblem(c, p)
			return
		}
		h(c)
	})
}

// Routes lists every route with the permission it needs.
func (s *Server) Routes() []Route { return append([]Route(nil), s.routes...) }

// noRoute answers unknown API paths; all other paths are the web page's.
func (s *Server) noRoute(c *gin.Context) {
	path := c.Request.URL.Path
	if path == "/api" || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/health") {
		writeProblem(c, notFoundProblem(c.Request.Context()))
		return
	}
	s.servePage(c)
}

func (s *Server) noMethod(c *gin.Context) {
	writeProblem(c, newProblem(c.Request.Context(), http.StatusMethodNotAllowed, codeMethod,
		"This path does not answer to that method."))
}
