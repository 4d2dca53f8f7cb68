package sqlguard

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func one(name string, t models.ParameterType, values ...string) models.Argument {
	return models.Argument{Name: name, Type: t, List: len(values) > 1, Values: values}
}

func TestPlaceholdersBecomeTypedParameters(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	for sql, want := range map[string]struct {
		args   []models.Argument
		sql    string
		values []string
	}{
		"SELECT name FROM customers WHERE country = {{c}}": {[]models.Argument{one("c", "text", "'; DROP TABLE customers --")},
			"SELECT name FROM customers WHERE country = $1::text", []string{"'; DROP TABLE customers --"}},
		"SELECT id FROM orders WHERE total > {{ n }} AND ordered_at >= {{d}} LIMIT {{n}}": {[]models.Argument{one("n", "number", "10"), one("d", "date", "2026-01-01")},
			"SELECT id FROM orders WHERE total > $1::bigint AND ordered_at >= $2::date LIMIT $1::bigint", []string{"10", "2026-01-01"}},
		"SELECT id FROM orders WHERE status IN ({{s}})": {[]models.Argument{one("s", "text", "paid", "open")},
			"SELECT id FROM orders WHERE status IN ($1::text, $2::text)", []string{"paid", "open"}},
		"SELECT {{x}} * 2 AS \"{{y}}\"": {[]models.Argument{one("x", "number", "1.5"), one("unused", "boolean", "true")},
			"SELECT $1::numeric * 2 AS \"{{y}}\"", []string{"1.5"}},
	} {
		got, err := guard.CheckWith(sql, want.args)
		require.NoError(t, err, sql)
		require.Equal(t, want.sql, got.SQL())
		require.Equal(t, want.values, got.Values())
	}
}

func TestPlaceholdersThatAreRefused(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	args := []models.Argument{one("c", "text", "DE")}
	for sql, code := range map[string]models.Code{
		"SELECT name FROM customers WHERE country = '{{c}}'":             CodeParameter,
		"SELECT name FROM customers WHERE country = {{d}}":               CodeParameter,
		"SELECT name FROM customers WHERE country = $1":                  CodeParameter,
		"SELECT name FROM customers WHERE country = {{c}} OR name = $1":  CodeParameter,
		"SELECT name FROM customers WHERE country = {{c}} OR name = $12": CodeParameter,
		"SELECT name FROM customers /* {{c}} */":                         CodeParameter,
		"SELECT name FROM {{c}}":                                         CodeParse,
		"SELECT name FROM customers ORDER BY {{c}} {{c}}":                CodeParse,
	} {
		_, err := guard.CheckWith(sql, args)
		require.Equal(t, code, models.ErrorCode(err), sql)
	}
	_, err = guard.Check("SELECT name FROM customers WHERE country = {{c}}")
	require.Equal(t, CodeParameter, models.ErrorCode(err))
}

// Whatever a text has around its placeholders, no value gets into what is parsed.
func FuzzBind(f *testing.F) {
	f.Add("SELECT '{{c}}', {{c}} -- {{c}}", "' OR 1=1")
	f.Add("SELECT E'\\'{{c}}', $a$ {{c}} $a$, \"{{c}}\"", "x")
	f.Fuzz(func(t *testing.T, sql, value string) {
		secret := "value-" + strings.Repeat("z", 20) + value
		b, refusal := bind(sql, []models.Argument{one("c", "text", secret)})
		if refusal == nil && !strings.Contains(sql, secret) {
			require.NotContains(t, b.sql, secret)
		}
		require.Len(t, mask(sql), len(sql))
	})
}

func TestRefusalsSayWhere(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	for sql, at := range map[string]string{
		"SELECT name, nameq FROM customers":                               "nameq",
		"SELECT name FROM customers WHERE country = {{c}} AND cuntry = 1": "cuntry",
		"SELECT 'ü', name\nFROM costumers":                                "costumers",
		"SELECT name FROM customers WHERE country = {{c}} AND purge()":    "purge",
		"SELECT 'ü', {{c}} FROM customers WHERE WHERE true":               "WHERE true",
		"SELECT email FROM customers":                                     "email",
		"SELECT name FROM customers; SELECT 1":                            "",
		"DELETE FROM customers":                                           "",
	} {
		_, err := guard.CheckWith(sql, []models.Argument{one("c", "text", "a long value of some kind")})
		var refusal *Refusal
		require.True(t, errors.As(err, &refusal), sql)
		if at == "" {
			continue
		}
		require.GreaterOrEqual(t, refusal.Position(), 0, sql)
		require.True(t, strings.HasPrefix(sql[refusal.Position():], at), "%s: %q", sql, sql[refusal.Position():])
	}
	_, err = guard.CheckWith("SELECT {{c}}\nFROM customers WHERE WHERE", []models.Argument{one("c", "text", "x")})
	require.Contains(t, models.ErrorMessage(err), "(line 2, character 35)")
}

func TestReads(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	got, err := guard.Check("WITH c AS (SELECT id, name AS n FROM customers) SELECT c.n, sum(o.total) FROM c JOIN orders o ON o.customer_id = c.id GROUP BY 1")
	require.NoError(t, err)
	require.Equal(t, []models.TableUse{{Schema: "public", Name: "customers", Columns: []string{"id", "name"}},
		{Schema: "public", Name: "orders", Columns: []string{"customer_id", "total"}}}, got.Reads())
}
