package embedded

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FindPostgres returns the directory of PostgreSQL's server programs: on PATH,
// or where Debian, Homebrew, Red Hat and the EDB installer put them, newest
// first. Where there are none it fetches them, once.
func FindPostgres() (string, error) { return findPostgres("") }

// findPostgres finds the programs of a major version; "" is any.
func findPostgres(major string) (string, error) {
	for _, bin := range installed() {
		if major == "" || majorOf(bin) == major {
			return bin, nil
		}
	}
	if fetched, _, _ := strings.Cut(string(fetchedVersion), "."); major != "" && major != fetched {
		return "", fmt.Errorf("the data were written by PostgreSQL %[1]s, whose programs were not found; install PostgreSQL %[1]s again, or move the data to another version with pg_upgrade", major)
	}
	cache, err := programCache()
	if err != nil {
		return "", err
	}
	bin, err := fetchPostgres(cache, "")
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL server programs were found on PATH or in the usual places, and they could not be fetched: %w; install PostgreSQL (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17)", err)
	}
	return bin, nil
}

// installed returns the directories that hold server programs.
func installed() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(real)) {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	var usual []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/usr/pgsql-*/bin", "/Library/PostgreSQL/*/bin"} {
		matches, _ := filepath.Glob(pattern) // the pattern is well formed
		usual = append(usual, slices.DeleteFunc(matches, func(dir string) bool { return !complete(dir) })...)
	}
	slices.SortStableFunc(usual, func(a, b string) int { return inPath(b) - inPath(a) })
	return append(dirs, usual...)
}

var number = regexp.MustCompile(`[0-9]+`)

// inPath returns the version in a directory's name.
func inPath(dir string) int {
	n, _ := strconv.Atoi(number.FindString(dir)) // 0 where there is none
	return n
}

// majorOf asks the programs for their major version.
func majorOf(bin string) string {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return ""
	}
	_, version, _ := strings.Cut(string(out), "(PostgreSQL) ")
	return number.FindString(version)
}
