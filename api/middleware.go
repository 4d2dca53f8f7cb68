package api

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/propagation"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// writeProblem answers outside of huma.
func writeProblem(c *gin.Context, p *Problem) {
	for k, v := range p.GetHeaders() {
		c.Writer.Header()[k] = v
	}
	c.Header("Content-Type", p.ContentType(""))
	c.AbortWithStatusJSON(p.Status, p)
}

// recoverPanics turns a panic into a 500 problem and a log line with its stack.
func (s *Server) recoverPanics(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		ctx := c.Request.Context()
		s.log(ctx).Error("panic", slog.String("cause", telemetry.PanicCause(v)), slog.String("stack", string(debug.Stack())))
		s.deps.Reporter.Panic(v, s.fault(ctx))
		if !c.Writer.Written() {
			writeProblem(c, newProblem(ctx, http.StatusInternalServerError, models.CodeInternal, models.ErrorMessage(errUncoded)))
		}
		c.Abort()
	}()
	c.Next()
}

// trace begins a trace with each call of the API, whatever trace its caller
// claims to be in; not with the page, probes and sockets.
func trace() gin.HandlerFunc {
	if !telemetry.Tracing() {
		return func(*gin.Context) {}
	}
	return otelgin.Middleware("datamind", otelgin.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelgin.WithFilter(func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, apiPrefix+"/") && r.Header.Get("Upgrade") == ""
		}))
}

// logAccess writes one line a request: the route's pattern and path, never
// the query string, headers or bodies.
func (s *Server) logAccess(c *gin.Context) {
	start := time.Now()
	c.Next()
	took := time.Since(start)
	status := c.Writer.Status()
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	upgraded := strings.EqualFold(c.GetHeader("Upgrade"), "websocket")
	if !upgraded {
		s.metrics.duration.WithLabelValues(metricMethod(c.Request.Method), route, strconv.Itoa(status)).Observe(took.Seconds())
	}
	if strings.HasPrefix(c.Request.URL.Path, "/health/") && status == http.StatusOK {
		return
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log(c.Request.Context()).LogAttrs(c.Request.Context(), level, "request",
		slog.String("method", metricMethod(c.Request.Method)), slog.String("route", route),
		slog.String("path", truncate(c.Request.URL.Path, 200)), slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()), slog.Int("bytes", max(0, c.Writer.Size())),
		slog.String("ip", requestFrom(c.Request.Context()).IP))
}

// metricMethod keeps made-up methods out of labels and logs.
func metricMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// refuseCrossOrigin refuses state-changing requests that a browser sends for
// another site's page. The codec routes have their own, narrower rule.
func (s *Server) refuseCrossOrigin(c *gin.Context) {
	if strings.HasPrefix(c.Request.URL.Path, codecPrefix) {
		c.Next()
		return
	}
	if err := s.crossOrigin.Check(c.Request); err != nil {
		writeProblem(c, newProblem(c.Request.Context(), http.StatusForbidden, codeCrossOrigin,
			"This request came from another site's page and was refused."))
		return
	}
	c.Next()
}

// readBody reads a body within the limit and refuses what is not strict JSON,
// before any handler sees it. Where no body is wanted an empty object will do.
func readBody(c *gin.Context, wanted bool) *Problem {
	ctx := c.Request.Context()
	if err := checkHeaders(c.Request); err != nil {
		return newProblem(ctx, http.StatusUnsupportedMediaType, codeMediaType, sentence(err.Error()))
	}
	tooLarge := func() *Problem {
		c.Header("Connection", "close")
		return newProblem(ctx, http.StatusRequestEntityTooLarge, codeTooLarge,
			fmt.Sprintf("The body is larger than %d KiB.", maxBodyBytes>>10))
	}
	if c.Request.ContentLength > maxBodyBytes {
		return tooLarge()
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes))
	if err != nil {
		if _, ok := err.(*http.MaxBytesError); ok { //nolint:errorlint // returned bare by net/http
			return tooLarge()
		}
		return newProblem(ctx, http.StatusBadRequest, models.CodeInvalid, "The body could not be read to its end.")
	}
	if len(raw) > 0 {
		if err := checkJSON(raw); err != nil {
			return validationProblem(ctx, http.StatusUnprocessableEntity, "", []error{asDetail(err)})
		}
	}
	if !wanted && strings.Trim(string(raw), "{} \t\r\n") != "" {
		return validationProblem(ctx, http.StatusUnprocessableEntity, "", []error{asDetail(&badJSON{"body", "must be left out: this request takes none"})})
	}
	c.Request.Body = io.NopCloser(strings.NewReader(string(raw)))
	c.Request.ContentLength = int64(len(raw))
	return nil
}
