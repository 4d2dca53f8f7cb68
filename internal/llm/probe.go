package llm

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/datamind/datamind/models"
)

// maxListed bounds the names that a report repeats.
const maxListed = 100

// probeCatalog and probeQuestion are the smallest thing that a model must be
// able to plan.
var probeCatalog = &models.Catalog{Dialect: "postgres", ServerVersion: "17", Schemas: []string{"public"}, Tables: []models.Table{{Schema: "public", Name: "orders",
	Kind: "table", Rows: 100, Columns: []models.CatalogColumn{{Name: "id", Type: "integer"}}, PrimaryKey: []string{"id"}}}}

const probeQuestion = "How many orders are there?"

// Test plans a small question with the client's first model, as questions will
// be planned, and says what is wrong in words that whoever set it up can act on.
func (c *Client) Test(ctx context.Context) (report models.ModelReport) {
	model := c.config.Models[0]
	listed, failed := c.list(ctx)
	report.Models = listed
	if failed != nil {
		report.Code, report.Message = failed.Code, failed.Message
		return report
	}
	begun := time.Now()
	plan, err := c.PlanWith(ctx, model, rand.Text(), models.PlanRequest{Question: probeQuestion, Catalog: probeCatalog, Now: begun})
	report.Ms, report.Tokens = time.Since(begun).Milliseconds(), plan.Usage.InputTokens+plan.Usage.OutputTokens
	report.Structured = c.structured(model)
	switch failed := c.diagnose(ctx, model, listed, err); {
	case failed != nil:
		report.Code, report.Message = failed.Code, failed.Message
		if failed.Code != models.CodeModelReply {
			report.Structured = ""
		}
		return report
	case plan.Status != models.PlanSQL:
		report.Warnings = append(report.Warnings, "The model did not answer the small question of this test. It may be too weak for questions.")
	}
	report.OK, report.Message = true, "The model answers, and its answers can be read."
	if report.Structured == "none" {
		report.Warnings = append(report.Warnings, "The endpoint does not take a form for its replies; it is only told in words. Replies that cannot be read are likelier.")
	}
	return report
}

// structured names the form in which the endpoint was found to take a plan's schema.
func (c *Client) structured(model string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return [...]string{formatSchema: "json_schema", formatObject: "json_object", formatNone: "none"}[c.quirks[model].format]
}

// list asks for the endpoint's models, which costs nothing and tells most of
// what can be wrong. Not all endpoints can list them.
func (c *Client) list(ctx context.Context) (names []string, failed *models.Error) {
	x := &exchange{}
	got, err := c.api.ListModels(withExchange(ctx, x))
	status, _ := statusOf(err)
	switch {
	case err == nil:
		for _, m := range got.Models[:min(len(got.Models), maxListed)] {
			names = append(names, cut(strings.ToValidUTF8(c.hide(m.ID), "?"), maxCell))
		}
		slices.Sort(names)
		return names, nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, refusedKey(status)
	case status != 0 && !x.html:
		return nil, nil // the call itself will tell
	}
	return nil, c.unreachable(x, err)
}

func refusedKey(status int) *models.Error {
	return models.Errorf(models.CodeModelKey, "The endpoint does not accept the key (status %d). Check that it is whole, that it has not been revoked, and that it may use this model.", status)
}

// unreachable says why no OpenAI-compatible endpoint was reached.
func (c *Client) unreachable(x *exchange, err error) *models.Error {
	var (
		lookup  *net.DNSError
		timeout net.Error
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case models.ErrorCode(err) == models.CodeAddressRefused:
		return models.Wrap(err, models.CodeAddressRefused, "%s", models.ErrorMessage(err))
	case errors.Is(err, errRedirect):
		return models.Errorf(models.CodeNotOpenAI, "The address sends requests on to another one, which is not followed. Enter the final address.")
	case errors.As(err, &lookup) && !lookup.IsTimeout:
		return models.Errorf(models.CodeHostUnknown, "There is no host with this name. Check its spelling in the base URL.")
	case errors.Is(err, syscall.ECONNREFUSED):
		return models.Errorf(models.CodeRefused, "Nothing listens at this host and port. Check the port, and that the server runs and listens on more than its own machine.")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return models.Errorf(models.CodeTimeout, "The host did not answer in time. Check the address, and that no firewall stands between.")
	case errors.As(err, &cert):
		return models.Errorf(models.CodeTLS, "The server's certificate is not valid for this address. Check the host name, or the certificate.")
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return models.Errorf(models.CodeTLS, "The server does not speak TLS. Begin the base URL with http:// if it is meant to.")
	case x.status != 0:
		return models.Errorf(models.CodeNotOpenAI, "Something else than an OpenAI-compatible endpoint answers at this address. The base URL usually ends in /v1.")
	}
	return models.Errorf(models.CodeConnection, "The connection broke off before there was an answer. Check the address and the port.")
}

// diagnose puts the error of a call into the words of a test.
func (c *Client) diagnose(ctx context.Context, model string, listed []string, err error) *models.Error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return models.Errorf(models.CodeTimeout, "The model did not answer in time. It may still be loading: try again in a minute.")
	}
	var call *callError
	if errors.As(err, &call) {
		switch {
		case call.status == http.StatusUnauthorized, call.status == http.StatusForbidden:
			return refusedKey(call.status)
		case call.status == http.StatusNotFound && (len(listed) > 0 || strings.Contains(call.kind, "not_found") || strings.Contains(call.kind, "NotFound")):
			return missing(model, listed)
		case call.status == http.StatusNotFound, call.status == http.StatusMethodNotAllowed:
			return models.Errorf(models.CodeNotOpenAI, "There is no OpenAI-compatible endpoint at this path, or it does not have the model %q. The base URL usually ends in /v1.", model)
		case call.status == http.StatusBadRequest, call.status == http.StatusUnprocessableEntity:
			return models.Errorf(models.CodeModel, "The model %q does not take the request (status %d). Choose one that is made for conversations.", model, call.status)
		}
	}
	return models.Wrap(err, models.ErrorCode(err), "%s", models.ErrorMessage(err))
}

// missing names some of the models that are there.
func missing(model string, listed []string) *models.Error {
	const few = 8
	there := ""
	if len(listed) > few {
		there = " It has " + strings.Join(listed[:few], ", ") + " and others."
	} else if len(listed) > 0 {
		there = " It has " + strings.Join(listed, ", ") + "."
	}
	return models.Errorf(models.CodeModelMissing, "The endpoint does not have the model %q.%s", model, there)
}
