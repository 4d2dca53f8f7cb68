package bucket

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"

	"github.com/datamind/datamind/models"
)

func directory(t *testing.T) (*blob.Bucket, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "made when it is needed")
	address, err := Directory(dir)
	require.NoError(t, err)
	b, err := Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b, dir
}

func TestAFileIsThereWhenItIsWhole(t *testing.T) {
	t.Parallel()
	b, dir := directory(t)
	w, err := b.NewWriter(t.Context(), "a/b", nil)
	require.NoError(t, err)
	_, err = w.Write([]byte("half"))
	require.NoError(t, err)
	there, err := b.Exists(t.Context(), "a/b")
	require.NoError(t, err)
	require.False(t, there)
	require.NoError(t, w.Close())
	raw, err := os.ReadFile(filepath.Join(dir, "a", "b"))
	require.NoError(t, err)
	require.Equal(t, "half", string(raw))
	all, err := os.ReadDir(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Len(t, all, 1, "nothing beside it")
}

func TestPartsAreOneFile(t *testing.T) {
	t.Parallel()
	b, _ := directory(t)
	var whole string
	var parts []Part
	for i, text := range []string{"first,", "", "second,", "x", "third"} {
		name := string(rune('a' + i))
		require.NoError(t, b.WriteAll(t.Context(), name, []byte(text), nil))
		parts = append(parts, Part{name, int64(len(text))})
		whole += text
	}
	p := NewParts(t.Context(), b, parts)
	require.Equal(t, int64(len(whole)), p.Size())
	got, err := io.ReadAll(p)
	require.NoError(t, err)
	require.Equal(t, whole, string(got))
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		from := random.IntN(len(whole) + 1)
		at, err := p.Seek(int64(from), io.SeekStart)
		require.NoError(t, err)
		require.Equal(t, int64(from), at)
		some, err := io.ReadAll(io.LimitReader(p, int64(random.IntN(8))))
		require.NoError(t, err)
		require.Equal(t, whole[from:from+len(some)], string(some))
	}
	_, err = p.Seek(-1, io.SeekStart)
	require.Error(t, err)
	require.NoError(t, b.WriteAll(t.Context(), "c", []byte("se"), nil))
	_, err = p.Seek(0, io.SeekStart)
	require.NoError(t, err)
	_, err = io.ReadAll(p)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a short part is no early end")
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"ftp://x", "://", "nothing"} {
		_, err := Open(t.Context(), address)
		require.Contains(t, []models.Code{models.CodeUnavailable, models.CodeInvalid}, models.ErrorCode(err), address)
	}
}
