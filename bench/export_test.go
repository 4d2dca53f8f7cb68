package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
)

// sales is a table of ten columns, in the order of its key.
const sales = `CREATE TABLE sales (id bigint PRIMARY KEY, customer_id int NOT NULL, status text NOT NULL, city text, amount numeric(12,2) NOT NULL, tax double precision,
	quantity int NOT NULL, sold_on date NOT NULL, sold_at timestamptz NOT NULL, note text);
INSERT INTO sales SELECT i, i %% 5000, (ARRAY['paid','open','returned'])[1 + i %% 3], 'City ' || i %% 300, i / 7.0, i * 0.19, i %% 10, date '2024-01-01' + i %% 900,
	timestamptz '2024-01-01 00:00+00' + i * interval '17 seconds', CASE WHEN i %% 4 = 0 THEN NULL ELSE 'note of the sale ' || i END FROM generate_series(1, %d) i;
GRANT SELECT ON sales TO reader;
VACUUM ANALYZE sales;`

const salesSQL = "SELECT id, customer_id, status, city, amount, tax, quantity, sold_on, sold_at, note FROM sales"

// TestExport compares exports with psql's \copy of the same query, and with the
// libraries that write the formats, fed from memory.
func TestExport(t *testing.T) {
	few, many := count(1_000_000, 1_000), count(10_000_000, 2_000)
	s := system.Start(t, system.Options{Workers: []string{"ask,model,query", "export"}})
	for _, sql := range strings.Split(fmt.Sprintf(sales, many), ";\n") {
		s.Exec("shop", sql)
	}
	s.Know("sales")
	worker := s.Workers[1].PID()
	exportTime(t, s, models.FormatCSV, 1) // the SQL parser is there from here on
	settle(t, worker)
	copied := func(rows int) time.Duration { return copyOut(t, s, rows) }
	out := table{name: "export", header: []string{"format", "beside", "rows", "rows/s", "beside it", "ratio", "worker's memory", "with its program"}}
	for _, f := range []struct {
		format models.ExportFormat
		rows   int
		beside string
		bare   func(rows int) time.Duration
	}{
		{models.FormatCSV, few, `psql \copy … csv`, copied},
		{models.FormatCSV, many, `psql \copy … csv`, copied},
		{models.FormatJSONL, few, `psql \copy … csv`, copied},
		{models.FormatJSONL, many, `psql \copy … csv`, copied},
		{models.FormatParquet, few, `psql \copy … csv`, copied},
		{models.FormatParquet, many, `psql \copy … csv`, copied},
		{models.FormatParquet, few, "parquet-go alone", bareParquet(t)},
		{models.FormatXLSX, min(few, 300_000), "excelize alone", bareWorkbook(t)},
	} {
		memory := watchMemory(t, worker)
		var ours, bare times
		for range count(3, 1) { // in turns
			bare = append(bare, f.bare(f.rows))
			ours = append(ours, exportTime(t, s, f.format, f.rows))
		}
		rate := func(d time.Duration) float64 { return float64(f.rows) / d.Seconds() }
		a, b := rate(ours.p50()), rate(bare.p50())
		own, all := memory()
		out.add(f.format, f.beside, f.rows, fmt.Sprintf("%.2f M", a/1e6), fmt.Sprintf("%.2f M", b/1e6), ratio(a, b), fmt.Sprintf("%d MB", own>>20), fmt.Sprintf("%d MB", all>>20))
	}
	out.publish(t)
}

// exportTime is how long a worker takes for an export, without the wait for it.
func exportTime(t *testing.T, s *system.System, format models.ExportFormat, rows int) time.Duration {
	t.Helper()
	var e api.Export
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports", map[string]any{"connection_id": s.Connection, "sql": salesSQL + fmt.Sprintf(" WHERE id <= %d", rows), "format": format}, &e)
	system.EventuallyWithin(t, 10*time.Minute, "the export is done", func() bool {
		s.Owner.Call(http.StatusOK, http.MethodGet, "/exports/"+e.ID, nil, &e)
		return e.Status.Final()
	})
	require.Equal(t, models.ExportDone, e.Status, e.Error)
	require.Equal(t, int64(rows), e.Rows)
	return e.EndedAt.Sub(*e.StartedAt)
}

// copyOut is how long psql takes, or PostgreSQL's COPY over the driver where
// there is no psql.
func copyOut(t *testing.T, s *system.System, rows int) time.Duration {
	t.Helper()
	query := salesSQL + fmt.Sprintf(" WHERE id <= %d", rows)
	file := filepath.Join(t.TempDir(), "copy.csv")
	psql, err := exec.LookPath("psql")
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql"); err != nil && len(found) > 0 {
		psql, err = found[0], nil
	}
	begun := time.Now()
	if err == nil {
		cmd := exec.CommandContext(t.Context(), psql, "-qX", s.Customer.DSN("shop"), "-c", `\copy (`+query+`) TO '`+file+`' (FORMAT csv, HEADER)`)
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, string(text))
		return time.Since(begun)
	}
	conn, err := pgx.Connect(t.Context(), s.Customer.DSN("shop"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	f, err := os.Create(file)
	require.NoError(t, err)
	_, err = conn.PgConn().CopyTo(t.Context(), f, "COPY ("+query+") TO STDOUT (FORMAT csv, HEADER)")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return time.Since(begun)
}

// sale is a row of sales in memory.
type sale struct {
	ID         int64   `parquet:"id"`
	CustomerID int32   `parquet:"customer_id"`
	Status     string  `parquet:"status"`
	City       string  `parquet:"city"`
	Amount     int64   `parquet:"amount,decimal(2:12)"`
	Tax        float64 `parquet:"tax"`
	Quantity   int32   `parquet:"quantity"`
	SoldOn     int32   `parquet:"sold_on,date"`
	SoldAt     int64   `parquet:"sold_at,timestamp(microsecond)"`
	Note       *string `parquet:"note,optional"`
}

func saleOf(i int) sale {
	s := sale{ID: int64(i), CustomerID: int32(i % 5000), Status: []string{"paid", "open", "returned"}[i%3], City: "City " + strconv.Itoa(i%300), Amount: int64(i * 100 / 7), Tax: float64(i) * 0.19,
		Quantity: int32(i % 10), SoldOn: int32(19723 + i%900), SoldAt: 1704067200000000 + int64(i)*17_000_000}
	if i%4 != 0 {
		note := "note of the sale " + strconv.Itoa(i)
		s.Note = &note
	}
	return s
}

// bareParquet writes rows with parquet-go, a row group for each 100,000.
func bareParquet(t *testing.T) func(int) time.Duration {
	return func(rows int) time.Duration {
		f, err := os.Create(filepath.Join(t.TempDir(), "bare.parquet"))
		require.NoError(t, err)
		begun := time.Now()
		w := parquet.NewGenericWriter[sale](f, parquet.Compression(&parquet.Snappy))
		batch := make([]sale, 0, 1000)
		for i := 1; i <= rows; i++ {
			if batch = append(batch, saleOf(i)); len(batch) == cap(batch) || i == rows {
				_, err := w.Write(batch)
				require.NoError(t, err)
				batch = batch[:0]
			}
			if i%100_000 == 0 {
				require.NoError(t, w.Flush())
			}
		}
		require.NoError(t, w.Close())
		require.NoError(t, f.Close())
		return time.Since(begun)
	}
}

// bareWorkbook writes rows with excelize's stream writer.
func bareWorkbook(t *testing.T) func(int) time.Duration {
	return func(rows int) time.Duration {
		f, err := os.Create(filepath.Join(t.TempDir(), "bare.xlsx"))
		require.NoError(t, err)
		begun := time.Now()
		book := excelize.NewFile()
		day, moment := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
		dayStyle, err := book.NewStyle(&excelize.Style{CustomNumFmt: &day})
		require.NoError(t, err)
		momentStyle, err := book.NewStyle(&excelize.Style{CustomNumFmt: &moment})
		require.NoError(t, err)
		w, err := book.NewStreamWriter("Sheet1")
		require.NoError(t, err)
		for i := 1; i <= rows; i++ {
			s := saleOf(i)
			var note any
			if s.Note != nil {
				note = *s.Note
			}
			require.NoError(t, w.SetRow("A"+strconv.Itoa(i), []any{s.ID, s.CustomerID, s.Status, s.City, float64(s.Amount) / 100, s.Tax, s.Quantity,
				excelize.Cell{StyleID: dayStyle, Value: int(s.SoldOn) + 25569}, excelize.Cell{StyleID: momentStyle, Value: float64(s.SoldAt)/86_400_000_000 + 25569}, note}))
		}
		require.NoError(t, w.Flush())
		_, err = book.WriteTo(f)
		require.NoError(t, err)
		require.NoError(t, book.Close())
		require.NoError(t, f.Close())
		return time.Since(begun)
	}
}

// settle waits until a worker has given back what compiling the SQL parser took
// at its start: several times what an export takes.
func settle(t *testing.T, pid int) {
	t.Helper()
	begun := time.Now()
	system.EventuallyWithin(t, 5*time.Minute, "the worker is at rest", func() bool {
		return !*full || memoryOf(t, pid, "RssAnon:") < 60<<20 || time.Since(begun) > 4*time.Minute
	})
}

// watchMemory looks at a process's memory until the function that it returns is
// called, which answers the most that the process had: what it allocated, and
// that with the pages of its program, which are the system's to take away.
func watchMemory(t *testing.T, pid int) func() (own, all int64) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	var own, all int64
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			own, all = max(own, memoryOf(t, pid, "RssAnon:")), max(all, memoryOf(t, pid, "VmRSS:"))
			<-tick.C
		}
	}()
	return func() (int64, int64) {
		stop()
		<-done
		return own, all
	}
}

// memoryOf is what the system says of a process's memory, in bytes: in all
// (VmRSS:) or allocated (RssAnon:). It is 0 where the system does not say.
func memoryOf(t *testing.T, pid int, what string) int64 {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	at := slices.Index(fields, what)
	if at < 0 {
		return 0
	}
	kib, err := strconv.ParseInt(fields[at+1], 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
