package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// Codes that only the HTTP edge gives.
const (
	codeTooLarge       models.Code = "body_too_large"
	codeMediaType      models.Code = "unsupported_media_type"
	codeMethod         models.Code = "method_not_allowed"
	codeCrossOrigin    models.Code = "cross_origin"
	codeCatalogPending models.Code = "catalog_pending"
	codeNotFinished    models.Code = "not_finished"
	codeNotWaiting     models.Code = "not_waiting"
	codeTooManySockets models.Code = "too_many_sockets"
	codeAlertFails     models.Code = "alert_fails"
	codeReusedKey      models.Code = "idempotency_key_reused"
)

// statuses is the one table from error code to HTTP status. A code that is
// not in it is internal to clients.
var statuses = map[models.Code]int{
	models.CodeInvalid:        http.StatusUnprocessableEntity,
	models.CodeUnauthorized:   http.StatusUnauthorized,
	models.CodeForbidden:      http.StatusForbidden,
	models.CodeNotFound:       http.StatusNotFound,
	models.CodeConflict:       http.StatusConflict,
	models.CodeRateLimited:    http.StatusTooManyRequests,
	models.CodeUnavailable:    http.StatusServiceUnavailable,
	models.CodeBudget:         http.StatusPaymentRequired,
	models.CodeParameter:      http.StatusUnprocessableEntity,
	models.CodeExportSetup:    http.StatusServiceUnavailable,
	models.CodeExportExpired:  http.StatusGone,
	models.CodeLinkExpired:    http.StatusGone,
	models.CodeCondition:      http.StatusUnprocessableEntity,
	models.CodeSchedule:       http.StatusUnprocessableEntity,
	models.CodeNotAnswerable:  http.StatusUnprocessableEntity,
	models.CodeAlertLimit:     http.StatusConflict,
	models.CodeExportTarget:   http.StatusUnprocessableEntity,
	models.CodeScheduleLimit:  http.StatusConflict,
	models.CodeReportLimit:    http.StatusConflict,
	models.CodeReportExpired:  http.StatusGone,
	codeAlertFails:            http.StatusUnprocessableEntity,
	models.CodeGuardRefused:   http.StatusUnprocessableEntity,
	models.CodeAddressRefused: http.StatusUnprocessableEntity,
	codeTooLarge:              http.StatusRequestEntityTooLarge,
	codeMediaType:             http.StatusUnsupportedMediaType,
	codeMethod:                http.StatusMethodNotAllowed,
	codeCrossOrigin:           http.StatusForbidden,
	codeCatalogPending:        http.StatusNotFound,
	codeNotFinished:           http.StatusConflict,
	codeNotWaiting:            http.StatusConflict,
	codeTooManySockets:        http.StatusTooManyRequests,
	codeReusedKey:             http.StatusConflict,
	codeUpgrade:               http.StatusUpgradeRequired,
}

// statusClientClosed is nginx's status for a caller that went away; it only
// shows in the log.
const statusClientClosed = 499

// FieldError names one part of a request that is wrong. It never repeats the
// value: that may be a password.
type FieldError struct {
	Location string `json:"location" doc:"Where, e.g. body.host or query.limit"`
	Message  string `json:"message" doc:"What is wrong with it"`
}

// Problem is an RFC 9457 problem.
type Problem struct {
	Type      string       `json:"type" doc:"Always about:blank; tell problems apart by code"`
	Title     string       `json:"title" doc:"The HTTP status in words"`
	Status    int          `json:"status" doc:"The HTTP status"`
	Code      models.Code  `json:"code" doc:"Stable name of the error, for programs"`
	Detail    string       `json:"detail" doc:"What is wrong and what to do about it"`
	RequestID string       `json:"request_id" doc:"Names this request in the server's log"`
	Errors    []FieldError `json:"errors,omitempty" doc:"The fields that are wrong"`

	retryAfter time.Duration
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", retryAfterSeconds(p.retryAfter))
	}
	return h
}

func retryAfterSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}

// retryable is an error that says when to come back.
type retryable interface{ RetryAfter() time.Duration }

// retryError adds a waiting time to an error.
type retryError struct {
	error
	after time.Duration
}

func (e *retryError) Unwrap() error             { return e.error }
func (e *retryError) RetryAfter() time.Duration { return e.after }

// problem translates any error for a client. Uncoded errors are logged here,
// once, with the request id, and become "internal".
func (s *Server) problem(ctx context.Context, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var field *fieldError
	if errors.As(err, &field) {
		return validationProblem(ctx, http.StatusUnprocessableEntity, "",
			[]error{&huma.ErrorDetail{Location: field.field.Location, Message: field.field.Message}})
	}
	code := models.ErrorCode(err)
	status, known := statuses[code]
	message := models.ErrorMessage(err)
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return newProblem(ctx, statusClientClosed, models.CodeUnavailable, "The request was given up.")
	case errors.Is(err, context.DeadlineExceeded) && !known:
		s.log(ctx).Warn("request timed out", slog.String("cause", telemetry.Cause(err)))
		return newProblem(ctx, http.StatusGatewayTimeout, models.CodeUnavailable,
			"This took too long. Try again in a moment.")
	case !known:
		s.reportInternal(ctx, err)
		status, code = http.StatusInternalServerError, models.CodeInternal
		message = models.ErrorMessage(errUncoded)
	case code == models.CodeNotFound: // the same sentence everywhere
		message = errNotFound.Message
	case status >= http.StatusInternalServerError:
		s.log(ctx).Warn("dependency unavailable", slog.String("code", string(code)), slog.String("cause", telemetry.Cause(err)))
	}
	p := newProblem(ctx, status, code, message)
	var r retryable
	if errors.As(err, &r) {
		p.retryAfter = r.RetryAfter()
	}
	return p
}

var errUncoded = errors.New("uncoded")

func newProblem(ctx context.Context, status int, code models.Code, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Client Closed Request"
	}
	return &Problem{Type: "about:blank", Title: title, Status: status, Code: code, Detail: detail,
		RequestID: requestFrom(ctx).ID}
}

// init makes huma's own refusals (validation, negotiation) speak Problem too.
// huma offers only a package variable for it.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return validationProblem(context.Background(), status, msg, errs)
	}
	huma.NewErrorWithContext = func(hc huma.Context, status int, msg string, errs ...error) huma.StatusError {
		ctx := context.Background()
		if hc != nil {
			ctx = hc.Context()
		}
		return validationProblem(ctx, status, msg, errs)
	}
}

// validationProblem renders huma's findings: an id that cannot exist is the
// same 404 as one that does not, wrong query or header values are 400, a
// wrong body is 422.
func validationProblem(ctx context.Context, status int, msg string, errs []error) *Problem {
	for _, err := range errs {
		var p *Problem
		if errors.As(err, &p) {
			return p
		}
	}
	p := newProblem(ctx, status, models.CodeInvalid, sentence(msg))
	body := false
	for _, err := range errs {
		f := FieldError{Location: "body", Message: "is not valid"}
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := d.ErrorDetail()
			f.Location = detail.Location
			if !strings.HasPrefix(detail.Message, "json: ") { // the decoder's words name our types
				f.Message = detail.Message
			}
		}
		if strings.HasPrefix(f.Location, "path.") {
			return notFoundProblem(ctx)
		}
		body = body || strings.HasPrefix(f.Location, "body")
		p.Errors = append(p.Errors, f)
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		p.Code = codeTooLarge
	case http.StatusUnsupportedMediaType:
		p.Code = codeMediaType
	case http.StatusUnprocessableEntity:
		if len(p.Errors) > 0 && !body {
			p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = "The request is not valid: " + p.Errors[0].Location + ": " + p.Errors[0].Message + "."
	}
	if status >= http.StatusInternalServerError {
		p.Code, p.Detail, p.Errors = models.CodeInternal, models.ErrorMessage(errUncoded), nil
	}
	return p
}

func sentence(msg string) string {
	if msg == "" {
		return "The request is not valid."
	}
	return strings.ToUpper(msg[:1]) + strings.TrimSuffix(msg[1:], ".") + "."
}

func notFoundProblem(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusNotFound, models.CodeNotFound, errNotFound.Message)
}

// errNotFound is what every id that the caller cannot see answers.
var errNotFound = &models.Error{Code: models.CodeNotFound, Message: "There is nothing with this id, or you may not see it."}

func asDetail(err error) error {
	var bad *badJSON
	if errors.As(err, &bad) {
		return &huma.ErrorDetail{Location: bad.location, Message: bad.message}
	}
	return err
}

// invalidField names one wrong field, as validation does.
func invalidField(location, message string) error {
	return &fieldError{FieldError{Location: location, Message: message}}
}

type fieldError struct{ field FieldError }

func (e *fieldError) Error() string { return e.field.Location + ": " + e.field.Message }

// unavailable says that the workflow engine did not answer; coded errors keep their code.
func unavailable(err error, message string) error {
	if models.ErrorCode(err) != models.CodeInternal {
		return err
	}
	return &retryError{models.Wrap(err, models.CodeUnavailable, "%s", message), 2 * time.Second}
}
