package connector

import (
	"context"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// stateSQL condenses every definition that decides what a statement does: the
// relations of the schemas, and all rules (views), policies, functions, types,
// casts, operators and operator classes that were made on this database. A
// changed definition is a new row version, with another xmin. Statistics are
// written in place and change nothing.
const stateSQL = `SELECT coalesce(md5(string_agg(k, ',' ORDER BY k)), '') FROM (
	SELECT 'class' || oid || ':' || xmin FROM pg_class
		WHERE relkind IN ('r', 'v', 'm', 'p', 'f') AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY($1))
	UNION ALL SELECT 'rewrite' || oid || ':' || xmin FROM pg_rewrite WHERE oid >= 16384
	UNION ALL SELECT 'policy' || oid || ':' || xmin FROM pg_policy
	UNION ALL SELECT 'proc' || oid || ':' || xmin FROM pg_proc WHERE oid >= 16384
	UNION ALL SELECT 'type' || oid || ':' || xmin FROM pg_type WHERE oid >= 16384 AND typtype <> 'c' AND typelem = 0
	UNION ALL SELECT 'cast' || oid || ':' || xmin FROM pg_cast WHERE oid >= 16384
	UNION ALL SELECT 'operator' || oid || ':' || xmin FROM pg_operator WHERE oid >= 16384
	UNION ALL SELECT 'opclass' || oid || ':' || xmin FROM pg_opclass WHERE oid >= 16384) AS x (k)`

// beginChecked opens a transaction for SQL that was checked, and refuses when
// the database's definitions are no longer those that it was checked against.
func (p *postgres) beginChecked(ctx context.Context, sql sqlguard.Approved, limits Limits) error {
	err := p.begin(ctx, p.config.Schemas, limits.Timeout)
	if err != nil || sql.State() == "" {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, beginLimit)
	defer cancel()
	var state string
	if err := p.conn.QueryRow(bounded, stateSQL, p.config.Schemas).Scan(&state); err != nil {
		p.rollback(ctx)
		return queryError(ctx, err, beginLimit)
	}
	if state != sql.State() {
		p.rollback(ctx)
		return models.Errorf(models.CodeStructureMoved, "The database's structure changed while the question was worked on.")
	}
	return nil
}
