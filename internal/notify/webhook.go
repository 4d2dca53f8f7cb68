package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/datamind/datamind/models"
)

// Headers of what a webhook gets.
const (
	HeaderDelivery  = "Datamind-Delivery"
	HeaderSignature = "Datamind-Signature"
)

// SignatureAge is how old a signature may be for who verifies it; a receiver
// that refuses older ones is safe from messages that somebody kept and sends again.
const SignatureAge = 5 * time.Minute

// webhook posts a message as JSON to another program.
type webhook struct{}

// webhookBody is the documented form. It is the same at each try of a delivery.
type webhookBody struct {
	Version  int            `json:"version"` // 1
	Key      string         `json:"key"`
	Incident string         `json:"incident"`
	Subject  string         `json:"subject"`
	DueAt    time.Time      `json:"due_at"`
	Message  models.Message `json:"message"`
	Picture  *webhookFile   `json:"picture,omitempty"`
}

type webhookFile struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Base64    string `json:"base64"`
}

func (webhook) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	u, err := url.Parse(to.Settings.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return models.Errorf(models.CodeChannelMissing, "The webhook's address must begin with https:// or http://.")
	}
	if to.Secret == "" {
		return models.Errorf(models.CodeChannelSecret, "The webhook has no secret to sign with. Enter one.")
	}
	m := d.Message
	m.PictureID, m.FileIDs = "", nil // ids mean nothing elsewhere
	for i := range m.Sections {      // of a message that was bounded: nobody else's
		m.Sections[i].PictureID = ""
	}
	body := webhookBody{Version: 1, Key: d.Key, Incident: d.Incident, Subject: d.Subject, DueAt: d.At.UTC(), Message: m}
	if d.Picture != nil {
		body.Picture = &webhookFile{d.Picture.Name, d.Picture.MediaType, base64.StdEncoding.EncodeToString(d.Picture.Content)}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	now := time.Now()
	r, err := c.post(ctx, u, u.Host, "application/json; charset=utf-8", raw, HeaderDelivery, d.Key, HeaderSignature, Sign(to.Secret, now, raw))
	if err != nil {
		return err
	}
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return models.Errorf(models.CodeChannelSecret, "%s does not accept the signature (status %d). The secret must be the same at both ends.", u.Host, r.status)
	case http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed:
		return models.Errorf(models.CodeChannelMissing, "Nothing at this address of %s takes messages (status %d). Check the path.", u.Host, r.status)
	}
	return r.refused(u.Host, now)
}

// Sign makes the header's value: the time and the HMAC-SHA256, with the secret
// as its key, of the time, a full stop and the body.
func Sign(secret string, at time.Time, body []byte) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac(secret, stamp, body))
}

func mac(secret, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write([]byte(stamp + ".")) // never fails
	_, _ = h.Write(body)
	return h.Sum(nil)
}
