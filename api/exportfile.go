package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/bucket"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

const (
	exportFilePath = apiPrefix + "/exports/{id}/file"
	// linkTTL is how long a download can begin with a link.
	linkTTL = 10 * time.Minute
	// stallLimit is how long a client may take nothing of a file.
	stallLimit = time.Minute
)

// fileLink is what a link is signed over: the file, and who may have it.
type fileLink struct {
	ExportID string    `json:"e"`
	OrgID    string    `json:"o"`
	UserID   string    `json:"u"`
	Made     time.Time `json:"m"`
}

func (s *Server) signature(payload []byte) []byte {
	mac := hmac.New(sha256.New, s.deps.LinkKey)
	mac.Write([]byte("export file\x00")) // a hash's Write does not fail
	mac.Write(payload)
	return mac.Sum(nil)
}

// exportLink makes a link to a file for its owner, who need not be signed in
// where it is opened.
func (s *Server) exportLink(scope models.Scope, id string) (url string, until time.Time) {
	now := time.Now().UTC()
	payload, _ := json.Marshal(fileLink{ExportID: id, OrgID: scope.OrgID, UserID: scope.UserID, Made: now}) // strings and a time always encode
	encode := base64.RawURLEncoding.EncodeToString
	path := strings.Replace(exportFilePath, "{id}", id, 1)
	return s.base.JoinPath(path).String() + "?link=" + encode(payload) + "." + encode(s.signature(payload)), now.Add(linkTTL)
}

// maxLink bounds what is read of a link.
const maxLink = 1024

// readLink returns what a link was signed over; ok is false for one that was not.
func (s *Server) readLink(text string) (link fileLink, ok bool) {
	left, right, found := strings.Cut(text, ".")
	payload, err := base64.RawURLEncoding.DecodeString(left)
	sum, sumErr := base64.RawURLEncoding.DecodeString(right)
	if !found || len(text) > maxLink || err != nil || sumErr != nil || len(s.deps.LinkKey) == 0 || !hmac.Equal(sum, s.signature(payload)) {
		return link, false
	}
	return link, json.Unmarshal(payload, &link) == nil
}

// exportFile sends a file to whoever has a link to it, as long as the person
// that the link was made for may have it.
func (s *Server) exportFile(c *gin.Context) {
	ctx := c.Request.Context()
	link, ok := s.readLink(c.Query("link"))
	if !ok || link.ExportID != c.Param("id") {
		writeProblem(c, notFoundProblem(ctx))
		return
	}
	scope := models.Scope{OrgID: link.OrgID, UserID: link.UserID}
	e, parts, err := s.fileOf(ctx, scope, link)
	if err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	if first := c.GetHeader("Range"); first == "" || strings.HasPrefix(first, "bytes=0-") { // not each piece of one download
		s.auditFile(ctx, scope, e)
	}
	s.sendFile(c, e, parts)
}

var errLinkExpired = &models.Error{Code: models.CodeLinkExpired, Message: "This link is too old. Download the file again from the page Exports."}

// fileOf looks whether the person of a link may have the file now.
func (s *Server) fileOf(ctx context.Context, scope models.Scope, link fileLink) (*models.Export, []models.ExportPart, error) {
	if time.Since(link.Made) > linkTTL {
		return nil, nil, errLinkExpired
	}
	user, err := s.deps.Store.GetUser(ctx, scope, scope.UserID)
	if err != nil {
		return nil, nil, err
	}
	member, err := s.deps.Store.GetMember(ctx, scope, scope.UserID)
	switch {
	case err != nil:
		return nil, nil, err
	case user.TokensValidFrom.After(link.Made): // signed out everywhere since
		return nil, nil, errLinkExpired
	case !slices.Contains(auth.Permissions(member.Role), auth.ReadExports):
		return nil, nil, models.Errorf(models.CodeForbidden, "Your role does not allow exports any more. Ask an administrator of your organisation.")
	}
	e, err := s.deps.Store.GetExport(ctx, scope, link.ExportID)
	if err == nil {
		err = fetchable(e)
	}
	if err != nil {
		return nil, nil, err
	}
	if s.deps.Bucket == nil {
		return nil, nil, errExportSetup
	}
	parts, err := s.deps.Store.ExportParts(ctx, scope, e.ID)
	return e, parts, err
}

// fetchable says why an export has no file to fetch.
func fetchable(e *models.Export) error {
	expired := e.ExpiresAt != nil && time.Now().After(*e.ExpiresAt)
	switch {
	case e.Status == models.ExportExpired, e.Status == models.ExportDone && expired:
		return models.Errorf(models.CodeExportExpired, "The file was deleted, as files are after some time. Export it again.")
	case e.Status != models.ExportDone:
		return models.Errorf(codeNotFinished, "The export is not done, so there is no file yet.")
	}
	return nil
}

// auditFile records a download, which needs no session.
func (s *Server) auditFile(ctx context.Context, scope models.Scope, e *models.Export) {
	s.auditAs(ctx, scope, "export.download", e.ID, map[string]any{"name": e.Name, "bytes": e.Bytes, "rows": e.Rows})
}

// sendFile sends the parts as one file, or the range of it that is asked for.
func (s *Server) sendFile(c *gin.Context, e *models.Export, parts []models.ExportPart) {
	ctx := c.Request.Context()
	objects := make([]bucket.Part, len(parts))
	for i, p := range parts {
		objects[i] = bucket.Part{Object: p.Object, Bytes: p.Bytes}
	}
	file := bucket.NewParts(ctx, s.deps.Bucket, objects)
	defer func() { _ = file.Close() }()
	h := c.Writer.Header()
	h.Set("Content-Type", e.ContentType())
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": e.FileName()}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("ETag", `"`+e.SHA256+`"`)
	if sum, err := hex.DecodeString(e.SHA256); err == nil {
		h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":")
	}
	out := &patientWriter{ResponseWriter: c.Writer, control: http.NewResponseController(c.Writer)}
	_ = out.control.SetReadDeadline(time.Time{}) // the limit for a request is over long before its answer
	ended := time.Time{}
	if e.EndedAt != nil {
		ended = *e.EndedAt
	}
	failed := &watchedFile{Parts: file}
	http.ServeContent(out, c.Request, "", ended, failed)
	if failed.err != nil && ctx.Err() == nil { // half a file must not pass for one
		s.log(ctx).Error("an export's file broke off", "export_id", e.ID, "cause", telemetry.Cause(failed.err))
		panic(http.ErrAbortHandler)
	}
}

// patientWriter gives each piece of a long answer the time of a whole short one.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write implements io.Writer.
func (w *patientWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(stallLimit)) // all servers of ours can
	return w.ResponseWriter.Write(p)
}

// watchedFile keeps the error with which reading broke off.
type watchedFile struct {
	*bucket.Parts
	err error
}

// Read implements io.Reader.
func (f *watchedFile) Read(p []byte) (int, error) {
	n, err := f.Parts.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
