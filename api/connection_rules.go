package api

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"github.com/datamind/datamind/models"
)

var (
	hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)
	// A last label of digits or 0x… is an old spelling of an IPv4 address.
	numericHost = regexp.MustCompile(`(^|\.)(0[xX][0-9A-Fa-f]*|[0-9]+)\.?$`)
)

// minPort keeps tests of connections away from mail, web and remote shells:
// PostgreSQL does not run as root and so cannot listen below it.
const minPort = 1024

// checkConnection trims a connection's fields and refuses what cannot be a
// plain PostgreSQL address: sockets, paths, URLs, several hosts, driver
// options and odd spellings of IP addresses. Which addresses may be dialled
// is decided on the worker, on the address really dialled.
func checkConnection(c *models.Connection) error {
	c.Name, c.Host = strings.TrimSpace(c.Name), strings.TrimSpace(c.Host)
	c.Database, c.Username = strings.TrimSpace(c.Database), strings.TrimSpace(c.Username)
	if err := checkHost(c.Host); err != nil {
		return err
	}
	if c.Port < minPort {
		return invalidField("body.port", "must be 1024 or higher: those below belong to other services")
	}
	for _, f := range []struct{ field, value string }{{"name", c.Name}, {"database", c.Database}, {"username", c.Username}} {
		if f.value == "" || !printable(f.value) {
			return invalidField("body."+f.field, "must be plain text and not blank")
		}
	}
	if strings.ContainsAny(c.Database, "?=&/\\'\"` \t") || strings.Contains(c.Database, "://") {
		return invalidField("body.database", "must be a database's name, without options or URL parts")
	}
	if err := checkSchemas(c); err != nil {
		return err
	}
	return checkCA(c)
}

func checkHost(host string) error {
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil {
		if a.Zone() != "" {
			return invalidField("body.host", "must be an IP address without a zone")
		}
		return nil
	}
	if !hostName.MatchString(host) || numericHost.MatchString(host) {
		return invalidField("body.host", "must be a host name or an IP address in its usual form; no port, path, socket or URL")
	}
	return nil
}

func checkSchemas(c *models.Connection) error {
	if len(c.Schemas) == 0 {
		c.Schemas = []string{"public"}
	}
	seen := map[string]bool{}
	for _, name := range c.Schemas {
		if name == "" || len(name) > 63 || !printable(name) {
			return invalidField("body.schemas", "must be names of 1 to 63 bytes")
		}
		if strings.HasPrefix(name, "pg_") || name == "information_schema" {
			return invalidField("body.schemas", "must not name PostgreSQL's own schemas")
		}
		if seen[name] {
			return invalidField("body.schemas", "must not repeat a name")
		}
		seen[name] = true
	}
	return nil
}

func checkCA(c *models.Connection) error {
	if strings.TrimSpace(c.TLSCA) == "" {
		c.TLSCA = ""
		return nil
	}
	rest, found := []byte(c.TLSCA), 0
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return invalidField("body.tls_ca", "must hold certificates only, no keys")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return invalidField("body.tls_ca", "holds a certificate that cannot be read")
		}
		found++
	}
	if found == 0 || strings.TrimSpace(string(rest)) != "" {
		return invalidField("body.tls_ca", "must be certificates in PEM form")
	}
	return nil
}

func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
