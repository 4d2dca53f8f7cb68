package connector

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Test tries a connection as a question would use it and reports what is
// wrong, and what would be better, in words a person can act on.
func Test(ctx context.Context, config Config) models.ConnectionReport {
	begun := time.Now()
	report, err := try(ctx, config)
	if err != nil {
		report.Code, report.Message = models.ErrorCode(err), models.ErrorMessage(err)
		if ctx.Err() != nil {
			report.Code, report.Message = models.CodeTimeout, "The test took too long and was given up."
		}
	}
	report.OK = err == nil
	report.Ms = time.Since(begun).Milliseconds()
	return report
}

func try(ctx context.Context, config Config) (models.ConnectionReport, error) {
	var report models.ConnectionReport
	conn, err := Open(ctx, config)
	if err != nil {
		return report, err
	}
	defer conn.Close()
	p, ok := conn.(*postgres)
	if !ok {
		return report, fmt.Errorf("test a connection of kind %q", config.Kind)
	}
	if err := p.begin(ctx, config.Schemas, discoverLimit); err != nil {
		return report, err
	}
	defer p.rollback(ctx)
	var missing []string
	var role roleRights
	err = p.conn.QueryRow(ctx, testSQL, config.Schemas).Scan(&report.ServerVersion, &report.Schemas, &missing, &report.Tables,
		&role.super, &role.admin, &role.files, &role.writes, &role.creates)
	if err != nil {
		return report, queryError(ctx, err, discoverLimit)
	}
	if len(missing) == len(config.Schemas) {
		return report, models.Errorf(models.CodeNoPermission, "None of the schemas %s exists or may be used by %q. Grant it: GRANT USAGE ON SCHEMA. Schemas it may use: %s.",
			strings.Join(missing, ", "), config.User, orNone(report.Schemas))
	}
	if report.Tables == 0 {
		return report, models.Errorf(models.CodeNoPermission, "The user %q may read no table of the schemas %s. Grant it: GRANT SELECT ON ALL TABLES IN SCHEMA.",
			config.User, strings.Join(config.Schemas, ", "))
	}
	report.Message = fmt.Sprintf("Connected to PostgreSQL %s: %d tables and views can be read.", report.ServerVersion, report.Tables)
	if len(missing) > 0 {
		report.Warnings = append(report.Warnings, fmt.Sprintf("Schemas that do not exist or may not be used: %s.", strings.Join(missing, ", ")))
	}
	report.Warnings = append(report.Warnings, role.warnings(config)...)
	return report, nil
}

const testSQL = `
WITH schemas AS (SELECT oid, nspname::text AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
		AND has_schema_privilege(oid, 'USAGE')),
	relations AS (SELECT c.oid FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
		WHERE s.name = ANY($1) AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition),
	me AS (SELECT * FROM pg_roles WHERE rolname = current_user)
SELECT current_setting('server_version'), coalesce((SELECT array_agg(name ORDER BY name) FROM schemas), '{}'),
	coalesce((SELECT array_agg(w) FROM unnest($1::text[]) AS w WHERE w NOT IN (SELECT name FROM schemas)), '{}'),
	(SELECT count(*)::int FROM relations WHERE has_table_privilege(oid, 'SELECT') OR has_any_column_privilege(oid, 'SELECT')),
	(SELECT rolsuper FROM me), (SELECT rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM me),
	EXISTS (SELECT FROM pg_roles r WHERE r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data')
		AND pg_has_role(r.oid, 'USAGE')),
	EXISTS (SELECT FROM relations WHERE has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')),
	EXISTS (SELECT FROM schemas s WHERE s.name = ANY($1) AND has_schema_privilege(s.oid, 'CREATE'))`

type roleRights struct{ super, admin, files, writes, creates bool }

// warnings name rights that reading does not need. DataMind refuses writes by
// itself; a role that cannot write is the second lock on the door.
func (r roleRights) warnings(c Config) (all []string) {
	advice := fmt.Sprintf("Better use a role of its own that can only read: CREATE ROLE datamind_reader LOGIN PASSWORD '…'; GRANT USAGE ON SCHEMA %[1]s TO datamind_reader; GRANT SELECT ON ALL TABLES IN SCHEMA %[1]s TO datamind_reader;",
		strings.Join(c.Schemas, ", "))
	if r.super {
		return []string{fmt.Sprintf("%q is a superuser: it may do everything on this server. %s", c.User, advice)}
	}
	if r.admin {
		all = append(all, fmt.Sprintf("%q may create roles or databases, replicate, or pass row-level security.", c.User))
	}
	if r.files {
		all = append(all, fmt.Sprintf("%q may reach the server's files, run programs there, or write all tables.", c.User))
	}
	if r.writes {
		all = append(all, fmt.Sprintf("%q may change data.", c.User))
	}
	if r.creates {
		all = append(all, fmt.Sprintf("%q may create objects in the schemas.", c.User))
	}
	if len(all) > 0 {
		all = append(all, advice)
	}
	if c.TLSMode == models.TLSDisable && !local(c.Host) {
		all = append(all, "The connection is not encrypted: passwords and data cross the network in the open. Use the TLS mode 'require' or 'verify-full'.")
	}
	return all
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
