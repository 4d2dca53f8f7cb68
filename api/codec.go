package api

import (
	"context"
	"io"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

const (
	codecPrefix = apiPrefix + "/temporal/codec/"
	// maxCodecBytes is above Temporal's own limit of 2 MiB a payload, in base64.
	maxCodecBytes = 8 << 20
)

// codecRoutes lets the Temporal UI, in an operator's browser and with that
// operator's session, show payloads in clear text.
func (s *Server) codecRoutes() {
	if s.uiOrigin == "" {
		return
	}
	s.codecRoute("decode", func(p []*common.Payload) ([]*common.Payload, error) { return s.deps.Codec.Decode(p) })
	s.codecRoute("encode", func(p []*common.Payload) ([]*common.Payload, error) { return s.deps.Codec.Encode(p) })
}

func (s *Server) codecRoute(name string, turn func([]*common.Payload) ([]*common.Payload, error)) {
	path := codecPrefix + name
	s.routes = append(s.routes, Route{http.MethodPost, path, auth.InspectRuns})
	s.routes = append(s.routes, Route{http.MethodOptions, path, public})
	s.engine.OPTIONS(path, s.codecCORS, func(c *gin.Context) { c.Status(http.StatusNoContent) })
	s.engine.POST(path, s.codecCORS, func(c *gin.Context) {
		if p := s.admit(c, auth.InspectRuns); p != nil {
			writeProblem(c, p)
			return
		}
		switch operates, err := s.operates(c.Request.Context()); {
		case err != nil:
			writeProblem(c, s.problem(c.Request.Context(), err))
		case !operates:
			writeProblem(c, newProblem(c.Request.Context(), http.StatusForbidden, models.CodeForbidden,
				"Temporal keeps the runs of all organisations together: only administrators of the organisation that was set up first see their contents."))
		default:
			s.codec(c, turn)
		}
	})
}

// operates reports whether the caller may see what runs of all organisations hold.
func (s *Server) operates(ctx context.Context) (bool, error) {
	caller := who(ctx)
	if s.uiOrigin == "" || !slices.Contains(caller.Permissions, auth.InspectRuns) {
		return false, nil
	}
	return s.deps.Store.SystemOperates(ctx, caller.Scope.OrgID)
}

// codecCORS admits the Temporal UI's origin and no other.
func (s *Server) codecCORS(c *gin.Context) {
	if c.GetHeader("Origin") != s.uiOrigin {
		writeProblem(c, newProblem(c.Request.Context(), http.StatusForbidden, codeCrossOrigin,
			"Only the Temporal UI may call this."))
		return
	}
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", s.uiOrigin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
	h.Set("Access-Control-Max-Age", "600")
	h.Add("Vary", "Origin")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	c.Next()
}

func (s *Server) codec(c *gin.Context, turn func([]*common.Payload) ([]*common.Payload, error)) {
	ctx := c.Request.Context()
	invalid := func(detail string) {
		writeProblem(c, newProblem(ctx, http.StatusBadRequest, models.CodeInvalid, detail))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxCodecBytes))
	if err != nil {
		writeProblem(c, newProblem(ctx, http.StatusRequestEntityTooLarge, codeTooLarge, "The payloads are too large."))
		return
	}
	var in common.Payloads
	if err := protojson.Unmarshal(raw, &in); err != nil {
		invalid("The body must be Temporal payloads in JSON.")
		return
	}
	out, err := turn(in.Payloads)
	if err != nil {
		s.log(ctx).Warn("codec", "error", err)
		invalid("These payloads cannot be turned: they are damaged, or their key is not known here.")
		return
	}
	s.audit(ctx, "run.inspect", "", map[string]any{"payloads": len(out)})
	body, err := protojson.Marshal(&common.Payloads{Payloads: out})
	if err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	c.Data(http.StatusOK, "application/json", body)
}
