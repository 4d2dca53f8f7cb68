package connector

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/datamind/datamind/models"
)

// ParseDSN reads an operator's own address of a PostgreSQL database, as
// "postgres://user:password@host:port/database?sslmode=require" or
// "host=… dbname=…". Only the fields of Config and sslmode are read; any other
// option is an error. Without sslmode, TLS is required unless the host is this
// machine.
func ParseDSN(dsn string) (Config, error) {
	parsed, err := pgconn.ParseConfig(dsn)
	if err != nil { // its text can hold the password
		return Config{}, models.Errorf(models.CodeInvalid, "The DSN cannot be read. Write it as postgres://user:password@host:port/database?sslmode=require.")
	}
	for name := range parsed.RuntimeParams {
		if name != "application_name" {
			return Config{}, models.Errorf(models.CodeInvalid, "The DSN sets %q, which is not allowed; only sslmode may be set.", name)
		}
	}
	if strings.HasPrefix(parsed.Host, "/") || strings.HasPrefix(parsed.Host, "@") {
		return Config{}, models.Errorf(models.CodeInvalid, "The DSN names a socket. Name a host and a port.")
	}
	for _, other := range parsed.Fallbacks {
		if other.Host != parsed.Host || other.Port != parsed.Port {
			return Config{}, models.Errorf(models.CodeInvalid, "The DSN names several hosts. Name one.")
		}
	}
	config := Config{Kind: models.KindPostgres, Host: parsed.Host, Port: int(parsed.Port), Database: parsed.Database,
		User: parsed.User, Password: parsed.Password, TLSMode: models.TLSDisable}
	switch optional := slices.ContainsFunc(parsed.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil }); {
	case parsed.TLSConfig == nil || optional && local(parsed.Host):
	case parsed.TLSConfig.InsecureSkipVerify:
		config.TLSMode = models.TLSRequire
	default:
		config.TLSMode = models.TLSVerifyFull
	}
	return config, nil
}

func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
