package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// maxReply bounds what is read of a reply. No service says more that matters.
const maxReply = 64 << 10

// maxFiles bounds the files that go with one message: the smallest limit of the
// services is 10 MB.
const maxFiles = 9 << 20

// reply is what a service answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// text is a reply's first words, to tell known ones apart. It is not for people.
func (r *reply) text() string { return strings.TrimSpace(string(r.body)) }

// json reads a reply; fields that are not there stay as they are.
func (r *reply) json(into any) { _ = json.Unmarshal(r.body, into) } // what is no JSON has no fields

// secretURL reads an address that is a secret: it never gets into an error.
func secretURL(to Target, service string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(to.Secret))
	if err != nil || u.Scheme != "https" || u.User != nil || !to.Kind.KnownHost(u.Hostname()) || u.Port() != "" && u.Port() != "443" {
		return nil, models.Errorf(models.CodeChannelSecret, "The stored address is not one of %s. Enter it again.", service)
	}
	return u, nil
}

// postJSON posts a value. server is what people know the service as.
func (c *Client) postJSON(ctx context.Context, to *url.URL, server string, body any, headers ...string) (*reply, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	return c.post(ctx, to, server, "application/json; charset=utf-8", raw.Bytes(), headers...)
}

// post sends a body and returns what came back, whatever its status. Errors are
// of the network and coded; they never hold the address, which may be a secret.
func (c *Client) post(ctx context.Context, to *url.URL, server, mediaType string, body []byte, headers ...string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, models.Errorf(models.CodeChannelMissing, "The address of %s cannot be read.", server)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("User-Agent", "DataMind")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return nil, unreachable(err, server)
	}
	defer func() { _ = resp.Body.Close() }()
	r := &reply{status: resp.StatusCode, header: resp.Header}
	if r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxReply)); err != nil && r.status < 300 {
		// It was taken; what is said of it does not matter to most.
		r.body = nil
	}
	return r, nil
}

// refused is what all HTTP services have in common, nil for a status that says
// yes. What is special to a service is looked at before.
func (r *reply) refused(server string, now time.Time) error {
	switch s := r.status; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusTooManyRequests:
		return tooMany(server, parseRetryAfter(r.header.Get("Retry-After"), now))
	case s >= 300 && s < 400:
		return models.Errorf(models.CodeChannelRedirect, "%s points to another address (status %d), which is not followed. Enter the final address.", server, s)
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return models.Errorf(models.CodeChannelSecret, "%s does not accept the stored secret (status %d). Enter it again, or make a new one there.", server, s)
	case s == http.StatusNotFound, s == http.StatusGone:
		return models.Errorf(models.CodeChannelMissing, "%s does not know the address any more (status %d). Make a new one there and enter it.", server, s)
	case s == http.StatusRequestEntityTooLarge:
		return models.Errorf(models.CodeChannelMessage, "%s finds the message too large (status %d).", server, s)
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooEarly, s >= 500:
		return models.Wrap(busy{parseRetryAfter(r.header.Get("Retry-After"), now)}, models.CodeChannelFailed, "%s has a problem of its own (status %d).", server, s)
	}
	return models.Errorf(models.CodeChannelMessage, "%s does not take the message (status %d).", server, r.status)
}

func tooMany(server string, after time.Duration) error {
	wait := ""
	if after > 0 {
		wait = " and asks to wait for " + after.Round(time.Second).String()
	}
	return models.Wrap(busy{after}, models.CodeChannelBusy, "%s has too many messages at the moment%s.", server, wait)
}

// formFile is a file of a form, and the name of its field.
type formFile struct {
	field string
	file  *File
}

// form makes a multipart body of fields and files.
func form(fields [][2]string, files ...formFile) (mediaType string, body []byte, err error) {
	var raw bytes.Buffer
	w := multipart.NewWriter(&raw)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return "", nil, fmt.Errorf("write the message: %w", err)
		}
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, f.field, safeName(f.file.Name)))
		h.Set("Content-Type", f.file.MediaType)
		part, err := w.CreatePart(h)
		if err == nil {
			_, err = part.Write(f.file.Content)
		}
		if err != nil {
			return "", nil, fmt.Errorf("write the message: %w", err)
		}
	}
	return w.FormDataContentType(), raw.Bytes(), w.Close()
}

// safeName is a file's name with nothing in it that a header or a disk may
// understand in its own way.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, name)
	if name = strings.Trim(name[:min(len(name), 100)], "-."); name == "" {
		return "file"
	}
	return name
}
