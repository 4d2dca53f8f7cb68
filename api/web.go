package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
)

// webPage is the built page. Files under assets/ carry a hash of their
// content in their names; index.html names them and is never cached.
type webPage struct {
	files  fs.FS
	index  []byte
	policy string // contentPolicy with the scripts that are in index
}

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policyFor allows the scripts that an index has in it by their hashes: these
// texts and no other.
func policyFor(index []byte) string {
	policy := contentPolicy
	for _, script := range inlineScript.FindAllSubmatch(index, -1) {
		sum := sha256.Sum256(script[1])
		source := "script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		policy = strings.Replace(policy, "script-src 'self'", source, 1)
	}
	return policy
}

func (s *Server) loadPage(files fs.FS) error {
	if files == nil {
		return nil
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return fmt.Errorf("read the page's index: %w", err)
	}
	s.web = &webPage{files: files, index: index, policy: policyFor(index)}
	return nil
}

// servePage answers a file of the build, or index.html for the page's own paths.
func (s *Server) servePage(c *gin.Context) {
	if m := c.Request.Method; m != http.MethodGet && m != http.MethodHead {
		s.noMethod(c)
		return
	}
	if s.web == nil {
		writeProblem(c, notFoundProblem(c.Request.Context()))
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+c.Request.URL.Path), "/")
	if name != "" && name != "index.html" {
		content, err := fs.ReadFile(s.web.files, name)
		if err == nil {
			serveFile(c, name, content)
			return
		}
		// A missing asset must not be answered with the page.
		if !isPagePath(name, err) {
			writeProblem(c, notFoundProblem(c.Request.Context()))
			return
		}
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("Content-Security-Policy", s.web.policy)
	c.Status(http.StatusOK)
	http.ServeContent(c.Writer, c.Request, "index.html", time.Time{}, bytes.NewReader(s.web.index))
}

func isPagePath(name string, err error) bool {
	missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
	return !strings.HasPrefix(name, "assets/") && (path.Ext(name) == "" || !missing)
}

func serveFile(c *gin.Context, name string, content []byte) {
	cache := "no-cache"
	if strings.HasPrefix(name, "assets/") {
		cache = "public, max-age=31536000, immutable"
	}
	c.Header("Cache-Control", cache)
	c.Status(http.StatusOK)
	// Nothing in a file is secret, so that compressing it tells nothing.
	gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})).ServeHTTP(c.Writer, c.Request)
}
