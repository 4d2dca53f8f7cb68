package telemetry

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/datamind/datamind/models"
)

// Reporter sends panics and errors without a code to Sentry: their types,
// codes, stacks and the ids of a fault, never a message, which may quote data.
// A nil Reporter sends nothing.
type Reporter struct{ hub *sentry.Hub }

// ReporterOptions say where faults go and what they are marked with.
type ReporterOptions struct {
	DSN         string // "" sends nothing
	Release     string
	Environment string
}

// Fault says where something went wrong. Empty fields are left out.
type Fault struct {
	Where                string // such as the activity or the route
	RequestID, OrgID     string
	WorkflowID, RunID    string
	QuestionID, Workflow string
}

// NewReporter makes a reporter; nil where no DSN is given.
func NewReporter(o ReporterOptions) (*Reporter, error) {
	if o.DSN == "" {
		return nil, nil
	}
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: o.DSN, Release: o.Release, Environment: o.Environment,
		Integrations: func([]sentry.Integration) []sentry.Integration { return nil }, // they add the environment and the modules
		BeforeSend: func(event *sentry.Event, _ *sentry.EventHint) *sentry.Event {
			event.ServerName = "" // the client puts the host's name in
			return event
		}})
	if err != nil {
		return nil, err
	}
	return &Reporter{hub: sentry.NewHub(client, sentry.NewScope())}, nil
}

// Error reports an error that nobody gave a code.
func (r *Reporter) Error(err error, f Fault) {
	if r == nil || err == nil {
		return
	}
	r.send(sentry.LevelError, Cause(err), types(err), nil, f)
}

// Panic reports what recover returned, with the stack of the panic. Call it in
// the deferred function.
func (r *Reporter) Panic(value any, f Fault) {
	if r == nil {
		return
	}
	r.send(sentry.LevelFatal, "panic", PanicCause(value), sentry.NewStacktrace(), f)
}

// Crash reports a panic that ends the process and lets it go on. Defer it first
// in a goroutine of the process's own.
func (r *Reporter) Crash(where string) {
	if value := recover(); value != nil {
		r.Panic(value, Fault{Where: where})
		r.Flush()
		panic(value)
	}
}

func (r *Reporter) send(level sentry.Level, title, detail string, stack *sentry.Stacktrace, f Fault) {
	tags := map[string]string{}
	for name, value := range map[string]string{"where": f.Where, "request_id": f.RequestID, "org_id": f.OrgID, "question_id": f.QuestionID,
		"workflow": f.Workflow, "workflow_id": f.WorkflowID, "run_id": f.RunID, "code": string(models.CodeInternal)} {
		if value != "" {
			tags[name] = value
		}
	}
	if f.Where != "" {
		title = f.Where + ": " + title
	}
	r.hub.CaptureEvent(&sentry.Event{Level: level, Tags: tags, Fingerprint: []string{"{{ default }}", f.Where, detail},
		Exception: []sentry.Exception{{Type: title, Value: detail, Stacktrace: stack}}})
}

// Flush waits until what was reported has left, for two seconds at most.
func (r *Reporter) Flush() {
	if r != nil {
		r.hub.Flush(2 * time.Second)
	}
}

// PanicCause says what a panic was about without quoting data: the runtime's
// own words, the cause of an error, or the type of anything else.
func PanicCause(value any) string {
	switch v := value.(type) {
	case runtime.Error:
		return v.Error()
	case error:
		return Cause(v)
	}
	return fmt.Sprintf("%T", value)
}

// types names the types of an error's chain, outermost first.
func types(err error) string {
	var names []string
	for err != nil {
		names = append(names, fmt.Sprintf("%T", err))
		next, ok := err.(interface{ Unwrap() error })
		if !ok {
			break
		}
		err = next.Unwrap()
	}
	return strings.Join(names, " > ")
}
