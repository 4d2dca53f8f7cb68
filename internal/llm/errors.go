package llm

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// maxCause bounds the endpoint's words that reach a log.
const maxCause = 300

// callError is the cause of a failed call, for the log. It holds no key.
type callError struct {
	text       string
	safe       string // the cause without the endpoint's words
	status     int
	kind       string // the endpoint's own word for it
	retryAfter time.Duration
}

// Error implements error.
func (e *callError) Error() string {
	if e.status != 0 {
		return fmt.Sprintf("status %d: %s", e.status, e.text)
	}
	return e.text
}

// SafeCause says why without the endpoint's words, which may quote the prompt.
func (e *callError) SafeCause() string {
	if e.status != 0 {
		return fmt.Sprintf("status %d", e.status)
	}
	return cmp.Or(e.safe, "reply not usable")
}

// RetryAfter is how long the endpoint, or an open breaker, asked to wait,
// between 1 second and 5 minutes; 0 when it did not say.
func RetryAfter(err error) time.Duration {
	var e *callError
	if errors.As(err, &e) {
		return e.retryAfter
	}
	return 0
}

// cause keeps an error's text without the key, which some endpoints echo.
func (c *Client) cause(err error, x *exchange, status int) *callError {
	return &callError{text: cut(strings.ToValidUTF8(c.hide(err.Error()), "?"), maxCause), safe: telemetry.Cause(err), status: status, retryAfter: x.retryAfter}
}

// hide takes the key out of an endpoint's words.
func (c *Client) hide(text string) string {
	if c.config.Key == "" {
		return text
	}
	return strings.ReplaceAll(text, c.config.Key, "[key]")
}

// failure translates what went wrong with a call. Busy is what time may cure;
// the rest names the setting to correct.
func (c *Client) failure(ctx context.Context, model string, x *exchange, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("call model %q: %w", model, context.Canceled)
	}
	status, kind := statusOf(err)
	cause := c.cause(err, x, status)
	cause.kind = kind
	if status != 0 {
		return c.where(c.httpFailure(model, status, kind, cause))
	}
	return c.where(c.netFailure(model, x, kind, cause, err))
}

// onThePage says where the settings are of a model that an organisation has set up itself.
var onThePage = strings.NewReplacer("DATAMIND_LLM_BASE_URL", "its address under Settings, Models", "DATAMIND_LLM_API_KEY", "its key under Settings, Models",
	"DATAMIND_LLM_MODELS", "the model under Settings, Models")

func (c *Client) where(e *models.Error) error {
	if c.config.Control != nil {
		e.Message = onThePage.Replace(e.Message)
	}
	return e
}

func (c *Client) netFailure(model string, x *exchange, kind string, cause *callError, err error) *models.Error {
	var (
		netErr    net.Error
		urlErr    *url.Error
		certErr   *tls.CertificateVerificationError
		streamErr *openai.APIError
	)
	cause.status, cause.retryAfter = x.status, 0
	switch {
	case models.ErrorCode(err) == models.CodeAddressRefused:
		return models.Wrap(cause, models.CodeAddressRefused, "%s", models.ErrorMessage(err))
	case errors.Is(err, errRedirect):
		return models.Wrap(cause, models.CodeModel, "The model's server sends requests on to another address, which is not followed. An administrator must set DATAMIND_LLM_BASE_URL to the final address.")
	case errors.Is(err, errTooLarge):
		return models.Wrap(cause, models.CodeModel, "The model's reply was too large to read. An administrator may lower DATAMIND_LLM_MAX_TOKENS.")
	case errors.As(err, &certErr):
		return models.Wrap(cause, models.CodeModel, "The certificate of the model's server is not valid. An administrator must check DATAMIND_LLM_BASE_URL and the server's certificate.")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return models.Wrap(cause, models.CodeModelBusy, "The model %q did not answer in time.", model)
	case errors.As(err, &streamErr) && kind == "invalid_request_error":
		return models.Wrap(cause, models.CodeModel, "The model %q did not accept the request. An administrator finds the reason in the log.", model)
	case x.html:
		return models.Wrap(cause, models.CodeModel, "The model's server answers with a web page. An administrator must check DATAMIND_LLM_BASE_URL, which usually ends in /v1.")
	case x.status != 0:
		return models.Wrap(cause, models.CodeModelBusy, "The reply of the model %q broke off or was garbled.", model)
	case errors.As(err, &urlErr):
		return models.Wrap(cause, models.CodeModelBusy, "The model's server cannot be reached. If it stays so, an administrator must check DATAMIND_LLM_BASE_URL.")
	}
	return models.Wrap(cause, models.CodeModel, "The request to the model %q cannot be made. An administrator must check DATAMIND_LLM_MODELS and DATAMIND_LLM_BASE_URL.", model)
}

func (c *Client) httpFailure(model string, status int, kind string, cause *callError) *models.Error {
	switch {
	case status == http.StatusTooManyRequests && kind == "insufficient_quota":
		return models.Wrap(cause, models.CodeModelBusy, "The account at the model's provider has no quota left. An administrator must add some.")
	case status == http.StatusTooManyRequests:
		return models.Wrap(cause, models.CodeModelBusy, "The model %q has too many requests at the moment.", model)
	// A conflict is an earlier try with the same key that is still being worked on.
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly:
		return models.Wrap(cause, models.CodeModelBusy, "The model's server has a problem (status %d).", status)
	}
	cause.retryAfter = 0
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return models.Wrap(cause, models.CodeModel, "The model's server does not accept the key. An administrator must check DATAMIND_LLM_API_KEY and what it may use.")
	case status == http.StatusNotFound:
		return models.Wrap(cause, models.CodeModel, "The model's server does not know the model %q, or its address is wrong. An administrator must check DATAMIND_LLM_MODELS and DATAMIND_LLM_BASE_URL, which usually ends in /v1.", model)
	case status == http.StatusPaymentRequired:
		return models.Wrap(cause, models.CodeModel, "The account at the model's provider has no credit left. An administrator must add some or change DATAMIND_LLM_MODELS.")
	case status == http.StatusRequestEntityTooLarge, kind == "context_length_exceeded":
		return models.Wrap(cause, models.CodeModel, "The question with its schema is too long for the model %q. An administrator may choose a model with a longer context in DATAMIND_LLM_MODELS.", model)
	}
	return models.Wrap(cause, models.CodeModel, "The model %q did not accept the request (status %d). An administrator must check DATAMIND_LLM_MODELS and DATAMIND_LLM_MAX_TOKENS.", model, status)
}

// statusOf reads the HTTP status and the endpoint's own word for the error
// from the library's errors. A RequestError may hold an APIError that could
// not be read ({"error":"text"}), so it comes first.
func statusOf(err error) (status int, kind string) {
	var req *openai.RequestError
	if errors.As(err, &req) {
		return req.HTTPStatusCode, ""
	}
	var api *openai.APIError
	if errors.As(err, &api) {
		if kind, _ = api.Code.(string); kind == "" {
			kind = api.Type
		}
		return api.HTTPStatusCode, kind
	}
	return 0, ""
}

// unreadable is a reply that was paid for and cannot be used. Asking again may
// help, but takes one of the question's attempts, because it is paid for again.
func unreadable(model, finish, why string) error {
	cause := &callError{text: cut(why, maxCause)}
	switch finish {
	case string(openai.FinishReasonLength):
		return models.Wrap(cause, models.CodeModelReply, "The model %q ran out of room before its reply was complete. An administrator may raise DATAMIND_LLM_MAX_TOKENS.", model)
	case string(openai.FinishReasonContentFilter):
		return models.Wrap(cause, models.CodeModelReply, "The provider of the model %q withheld the reply. Ask in other words.", model)
	}
	return models.Wrap(cause, models.CodeModelReply, "The reply of the model %q could not be understood. Ask again or in other words.", model)
}

// empty is a reply without content: asking again usually brings one.
func empty(model string) error {
	return models.Wrap(&callError{text: "empty reply"}, models.CodeModelBusy, "The model %q gave an empty reply.", model)
}
