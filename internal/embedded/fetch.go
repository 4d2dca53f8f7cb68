package embedded

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/gofrs/flock"
)

// fetchedVersion is the PostgreSQL that is fetched where none is installed.
const fetchedVersion = embeddedpostgres.V17

// programCache is where fetched programs are kept. As root it must be a place
// that the server's user can enter, which root's home is not.
func programCache() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/datamind", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "datamind"), err
}

// fetchPostgres returns the directory of server programs below cache, which it
// fetches from repository ("" for the library's own) where they are missing.
func fetchPostgres(cache, repository string) (string, error) {
	root := filepath.Join(cache, "postgres-"+string(fetchedVersion))
	bin := filepath.Join(root, "bin")
	if complete(bin) {
		return bin, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock := flock.New(root + ".lock")
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if complete(bin) { // by another process, while this one waited
		return bin, nil
	}
	slog.Info("fetching PostgreSQL, once", "version", fetchedVersion, "to", root)
	half, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(half) }()
	if err := extract(half, repository); err != nil {
		return "", err
	}
	if err := os.RemoveAll(root); err != nil {
		return "", err
	}
	return bin, os.Rename(filepath.Join(half, "programs"), root)
}

// extract fetches the programs into dir/programs. The library can only fetch
// and then start; told that its data directory, which is empty, holds a
// cluster, it fetches and then fails to start. So success shows in the files.
func extract(dir, repository string) error {
	programs, data := filepath.Join(dir, "programs"), filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(fetchedVersion), 0o600); err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().Version(fetchedVersion).Port(uint32(port)).Logger(io.Discard).
		CachePath(dir).BinariesPath(programs).RuntimePath(filepath.Join(dir, "runtime")).DataPath(data)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	server := embeddedpostgres.NewDatabase(config)
	err = server.Start()
	_ = server.Stop() // it cannot have started
	if !complete(filepath.Join(programs, "bin")) {
		return fmt.Errorf("fetch PostgreSQL %s: %w", fetchedVersion, err)
	}
	return os.Chmod(programs, 0o755)
}

// complete reports whether the server's programs are in dir.
func complete(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}
