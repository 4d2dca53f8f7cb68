package embedded

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// programs is a tar.xz of bin/initdb, bin/pg_ctl and bin/postgres, which do
// nothing but fail.
const programs = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AJxdADEaShsFkZA3OlG9V3Gz1uIDp1blt7B8uc1S32YQ2AbmF1cfbNWJwLg+MB85YV5l0Yrr7fIswLVJb/bf10h2m793rISPDLrkZTj+sH/OQ6PLeKzqQMX5bNTBsu2eZN6SHq7i/dNDG4QIjKxGX+nKTEfmgUfy+V5TAI1jF0i13oKsaMeoyqDxs+TJAokBQApCroB2xxJrltwJ9itAAABOxcuAHlKkfQABuAGAUAAA/vRJibHEZ/sCAAAAAARZWg=="

// repository serves an archive of programs as the real one does, and counts
// how often it was fetched.
func repository(t *testing.T) (url string, fetched *atomic.Int64) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(programs)
	require.NoError(t, err)
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	w, err := archive.Create("postgres.txz")
	require.NoError(t, err)
	_, err = w.Write(raw)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	fetched = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if filepath.Ext(r.URL.Path) != ".jar" {
			http.NotFound(w, r)
			return
		}
		fetched.Add(1)
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL, fetched
}

func TestFetchedProgramsAreKept(t *testing.T) {
	t.Parallel()
	url, fetched := repository(t)
	cache := filepath.Join(t.TempDir(), "cache")
	bin, err := fetchPostgres(cache, url)
	require.NoError(t, err)
	require.True(t, complete(bin), bin)
	again, err := fetchPostgres(cache, url)
	require.NoError(t, err)
	require.Equal(t, bin, again)
	require.EqualValues(t, 1, fetched.Load())
	left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing half fetched may stay")
}

func TestFetchFailsOfflineAndSucceedsLater(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := fetchPostgres(cache, gone.URL)
	require.ErrorContains(t, err, "fetch PostgreSQL")
	require.ErrorContains(t, err, "unable to connect")
	url, _ := repository(t)
	_, err = fetchPostgres(cache, url)
	require.NoError(t, err)
}

func TestDataOfAnotherVersionNameIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "cluster"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cluster", "PG_VERSION"), []byte("8\n"), 0o600))
	err := (&Postgres{Dir: dir}).Start(t.Context())
	require.ErrorContains(t, err, "install PostgreSQL 8 again")
}
