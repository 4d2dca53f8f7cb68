package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// kept keeps a stream's rows.
type kept struct {
	fields []Field
	rows   [][]string
	row    func(n int) error // before each row is kept
	n      int
}

func (k *kept) Begin(fields []Field) error { k.fields = fields; return nil }

func (k *kept) Row(values [][]byte) error {
	k.n++
	if k.row != nil {
		if err := k.row(k.n); err != nil {
			return err
		}
	}
	row := make([]string, len(values))
	for i, v := range values {
		if row[i] = "NULL"; v != nil {
			row[i] = string(bytes.Clone(v))
		}
	}
	k.rows = append(k.rows, row)
	return nil
}

const manyRows = "CREATE TABLE many AS SELECT g AS n, repeat('x', 100) AS pad FROM generate_series(1, 100000) g"

func TestStreamHandsOverEveryRowAsItIsSent(t *testing.T) {
	t.Parallel()
	config, _ := database(t, manyRows, "CREATE TABLE none (a numeric(10,2), b text)")
	conn := open(t, config)
	var got kept
	require.NoError(t, conn.Stream(context.Background(), approve(t, conn, "SELECT n, NULL::text AS nothing, '' AS empty, timestamptz '2026-01-01 02:00+02' AS at FROM many WHERE n <= 3 ORDER BY n"), time.Minute, &got))
	require.Equal(t, [][]string{{"1", "NULL", "", "2026-01-01 00:00:00+00"}, {"2", "NULL", "", "2026-01-01 00:00:00+00"}, {"3", "NULL", "", "2026-01-01 00:00:00+00"}}, got.rows)

	got = kept{}
	require.NoError(t, conn.Stream(context.Background(), approve(t, conn, "SELECT a, b FROM none"), time.Minute, &got))
	require.Equal(t, []Field{{Name: "a", Type: 1700, Modifier: 10<<16 + 2 + 4}, {Name: "b", Type: 25, Modifier: -1}}, got.fields, "told where there is no row, too")
	require.Empty(t, got.rows)

	got = kept{}
	require.NoError(t, conn.Stream(context.Background(), approve(t, conn, "SELECT n FROM many"), time.Minute, &got))
	require.Len(t, got.rows, 100_000)
	for i, row := range got.rows {
		require.Equal(t, strconv.Itoa(i+1), row[0], "a scan begins at the beginning")
	}
}

func TestStreamEndsWithItsSinkAndGoesOnAfterwards(t *testing.T) {
	t.Parallel()
	config, admin := database(t, manyRows)
	conn := open(t, config)
	full := errors.New("the disk is full")
	sink := &kept{row: func(n int) error {
		if n == 5000 {
			return full
		}
		return nil
	}}
	require.ErrorIs(t, conn.Stream(context.Background(), approve(t, conn, "SELECT a.n FROM many a, many b"), time.Minute, sink), full)
	var running int
	require.NoError(t, admin.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name = 'datamind/test'").Scan(&running))
	require.Zero(t, running, "the query has stopped")
	var again kept
	require.NoError(t, conn.Stream(context.Background(), approve(t, conn, "SELECT n FROM many WHERE n = 7"), time.Minute, &again))
	require.Equal(t, [][]string{{"7"}}, again.rows)
}

func TestStreamIsStopped(t *testing.T) {
	t.Parallel()
	config, admin := database(t, manyRows)
	conn := open(t, config)
	ctx, cancel := context.WithCancel(context.Background())
	sink := &kept{row: func(n int) error {
		if n == 3000 {
			cancel()
		}
		return nil
	}}
	err := conn.Stream(ctx, approve(t, conn, "SELECT a.n FROM many a, many b"), time.Minute, sink)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { // the server has said that it cancels; it may still be clearing up
		var running int
		err := admin.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name = 'datamind/test'").Scan(&running)
		return err == nil && running == 0
	}, 2*time.Second, 5*time.Millisecond, "the query would run for minutes")

	late := open(t, config)
	err = late.Stream(context.Background(), approve(t, late, "SELECT count(*) FROM many a, many b"), 200*time.Millisecond, &kept{})
	require.Equal(t, models.CodeQueryTimeout, models.ErrorCode(err), fmt.Sprint(err))
}
