package sample

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/datamind/datamind/models"
)

// readerConnections is how many sessions the reader may have at once.
const readerConnections = 40

// EnsureReader creates the role, or brings an existing one back to what it
// should be: it can log in to this database and read the sample tables, and
// nothing else. Call it after Load; a later load keeps its rights. The password
// must be printable ASCII; the server only ever sees its SCRAM verifier, so no
// server log can hold it.
//
// A role that is a superuser, or the one that is calling, is refused with code
// conflict: turning it into a reader would lock people out.
func EnsureReader(ctx context.Context, db DB, role, password string) error {
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin reader role: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	sql, err := readerSQL(ctx, tx, role, verifier)
	if err != nil {
		return err
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("set up reader role: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit reader role: %w", err)
	}
	return nil
}

// readerSQL writes the statements for this role. They cannot take parameters;
// names are quoted as identifiers and the verifier has no character to quote.
func readerSQL(ctx context.Context, tx pgx.Tx, role, verifier string) (string, error) {
	var database string
	var super, self bool
	err := tx.QueryRow(ctx, `SELECT current_database(), $1 = current_user OR $1 = session_user`, role).Scan(&database, &self)
	if err != nil {
		return "", fmt.Errorf("look up the sample database: %w", err)
	}
	var sql strings.Builder
	name := pgx.Identifier{role}.Sanitize()
	err = tx.QueryRow(ctx, `SELECT rolsuper FROM pg_roles WHERE rolname = $1`, role).Scan(&super)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		fmt.Fprintf(&sql, "CREATE ROLE %s;\n", name)
	case err != nil:
		return "", fmt.Errorf("look up the reader role: %w", err)
	case super || self:
		return "", models.Errorf(models.CodeConflict, "The role %q cannot become the sample's reader: it is a superuser or the role in use. Choose another name.", role)
	}
	groups, err := tx.Query(ctx, `SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
		JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1`, role)
	if err != nil {
		return "", fmt.Errorf("list groups of the reader role: %w", err)
	}
	memberships, err := pgx.CollectRows(groups, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("list groups of the reader role: %w", err)
	}
	for _, group := range memberships {
		fmt.Fprintf(&sql, "REVOKE %s FROM %s;\n", pgx.Identifier{group}.Sanitize(), name)
	}
	db := pgx.Identifier{database}.Sanitize()
	fmt.Fprintf(&sql, `ALTER ROLE %[1]s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT %[3]d PASSWORD '%[4]s';
ALTER ROLE %[1]s SET default_transaction_read_only = on;
ALTER ROLE %[1]s SET search_path = public;
ALTER ROLE %[1]s SET idle_in_transaction_session_timeout = '5min';
REVOKE TEMPORARY ON DATABASE %[2]s FROM PUBLIC;
REVOKE ALL ON DATABASE %[2]s FROM %[1]s;
GRANT CONNECT ON DATABASE %[2]s TO %[1]s;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM %[1]s;
GRANT USAGE ON SCHEMA public TO %[1]s;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %[1]s;
`, name, db, readerConnections, verifier)
	sql.WriteString(grantSelect(role))
	return sql.String(), nil
}

// grantSelect lets a role read the sample tables, and no other table.
func grantSelect(role string) string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = "public." + t.name
	}
	return fmt.Sprintf("GRANT SELECT ON %s TO %s;\n", strings.Join(names, ", "), pgx.Identifier{role}.Sanitize())
}

// scramVerifier is what PostgreSQL stores for a password (RFC 5803).
func scramVerifier(password string) (string, error) {
	if password == "" || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", models.Errorf(models.CodeInvalid, "The password of the sample's reader must be printable ASCII and not empty.")
	}
	const iterations = 4096
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the reader's key: %w", err)
	}
	sign := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored := sha256.Sum256(sign("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(stored[:]), b64(sign("Server Key"))), nil
}
