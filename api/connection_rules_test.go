package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func aConnection(change func(*models.Connection)) *models.Connection {
	c := &models.Connection{Name: "Shop", Kind: models.KindPostgres, Host: "db.example.com", Port: 5432,
		Database: "shop", Username: "reader", TLSMode: models.TLSRequire}
	change(c)
	return c
}

func TestConnectionHosts(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"db.example.com", "db", "db-1.internal.", "my_db", "10.1.2.3", "2001:db8::1", "[2001:db8::1]",
		"3com.example", "xn--bcher-kva.example"} {
		require.NoError(t, checkConnection(aConnection(func(c *models.Connection) { c.Host = host })), host)
	}
	for _, host := range []string{"", " ", "/var/run/postgresql", "@abstract", "a,b", "db:5432", "postgres://db", "user@db",
		"db/x", "db?sslmode=disable", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "2130706433", "[::1%25lo]", "[::1", "::1]", "[db]", "[]",
		"fe80::1%eth0", "db example", "-db", "db\n", "db\x00", "..", "a..b", "0x7f.1", "localhost#x", "db;drop"} {
		if host == "db\n" {
			continue // trimmed, and then fine
		}
		err := checkConnection(aConnection(func(c *models.Connection) { c.Host = host }))
		require.Error(t, err, "%q", host)
		require.Contains(t, err.Error(), "body.host", "%q", host)
	}
}

func TestConnectionFields(t *testing.T) {
	t.Parallel()
	for at, change := range map[string]func(*models.Connection){
		"body.name":     func(c *models.Connection) { c.Name = " " },
		"body.database": func(c *models.Connection) { c.Database = "x?options=-c%20statement_timeout%3D0" },
		"body.username": func(c *models.Connection) { c.Username = "a\x00b" },
		"body.schemas":  func(c *models.Connection) { c.Schemas = []string{"pg_catalog"} },
		"body.tls_ca":   func(c *models.Connection) { c.TLSCA = "/etc/passwd" },
		"body.port":     func(c *models.Connection) { c.Port = 443 },
	} {
		err := checkConnection(aConnection(change))
		require.ErrorContains(t, err, at)
	}
	for _, schemas := range [][]string{{""}, {"a", "a"}, {"information_schema"}} {
		require.ErrorContains(t, checkConnection(aConnection(func(c *models.Connection) { c.Schemas = schemas })), "body.schemas")
	}
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	require.ErrorContains(t, checkConnection(aConnection(func(c *models.Connection) { c.TLSCA = key })), "certificates only")
	c := aConnection(func(c *models.Connection) { c.Host, c.Schemas = "  db ", nil })
	require.NoError(t, checkConnection(c))
	require.Equal(t, "db", c.Host)
	require.Equal(t, []string{"public"}, c.Schemas)
}
