package worker

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"go.temporal.io/api/serviceerror"

	"github.com/datamind/datamind/internal/telemetry"
)

// sdkLog passes on what Temporal's SDK logs, without what may quote data, and
// without what the Observer says better. It reports what no interceptor sees.
type sdkLog struct {
	slog.Handler
	reporter *telemetry.Reporter
}

// nondeterminism begins the SDK's error for a run that this build cannot replay.
const nondeterminism = "[TMPRL1100]"

// sdkFault names a fault that the SDK only logs.
type sdkFault string

// Error implements error.
func (f sdkFault) Error() string { return string(f) }

// SafeCause implements telemetry's safe causes.
func (f sdkFault) SafeCause() string { return string(f) }

// Handle implements slog.Handler.
func (h sdkLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "Activity error." {
		return nil // the Observer's "step failed"
	}
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	fault := telemetry.Fault{Where: r.Message}
	var cause error
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "WorkflowID":
			fault.WorkflowID = a.Value.String()
		case "RunID":
			fault.RunID = a.Value.String()
		case "WorkflowType":
			fault.Workflow = a.Value.String()
		case "Error":
			cause, _ = a.Value.Any().(error)
		}
		clean.AddAttrs(withoutQuotes(a))
		return true
	})
	switch {
	case r.Message == "Workflow panic" && cause != nil && strings.HasPrefix(cause.Error(), nondeterminism):
		h.reporter.Error(sdkFault("nondeterminism"), fault)
	case r.Message == "Workflow task processing panic.", r.Message == "Unhandled panic.":
		h.reporter.Error(sdkFault("panic in the SDK"), fault)
	}
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h sdkLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = withoutQuotes(a)
	}
	return sdkLog{h.Handler.WithAttrs(clean), h.reporter}
}

// WithGroup implements slog.Handler.
func (h sdkLog) WithGroup(name string) slog.Handler {
	return sdkLog{h.Handler.WithGroup(name), h.reporter}
}

// withoutQuotes keeps of errors what quotes nothing. What Temporal's own server
// says is about the cluster, not about data.
func withoutQuotes(a slog.Attr) slog.Attr {
	switch a.Key {
	case "Result", "PanicError":
		return slog.String(a.Key, "[left out]")
	}
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	var server serviceerror.ServiceError
	switch {
	case errors.As(err, &server):
		return slog.String(a.Key, err.Error())
	case strings.HasPrefix(err.Error(), nondeterminism):
		return slog.String(a.Key, nondeterminism+" nondeterminism: this build cannot replay the run")
	}
	return slog.String(a.Key, telemetry.Cause(err))
}
