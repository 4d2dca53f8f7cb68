package embedded

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverUser is whom PostgreSQL runs as when we are root, which it refuses.
func serverUser() (*user.User, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return u, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root and there is no user 'postgres' or 'nobody' to run it as")
}

// asServer makes cmd run as the server's user when we are root.
func asServer(cmd *exec.Cmd) error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := serverUser()
	if err != nil {
		return err
	}
	uid, gid, err := ids(u)
	if err != nil {
		return err
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return nil
}

// giveToServer gives dir and what is in it to the server's user when we are root.
func giveToServer(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := serverUser()
	if err != nil {
		return err
	}
	uid, gid, err := ids(u)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
}

// elsewhere is where a root whose home is closed keeps PostgreSQL's files.
const elsewhere = "/var/lib/datamind"

// postgresDir is PostgreSQL's directory below the data directory. As root,
// the server's user may be unable to enter a parent of it, such as /root; it
// is then a link to a directory of its own that the user can enter.
func postgresDir(data string) (string, error) {
	dir := filepath.Join(data, "postgres")
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", fmt.Errorf("the files of PostgreSQL that %s leads to are gone; remove the link to begin anew: %w", dir, err)
		}
		return target, nil
	}
	if reachable(dir) {
		return dir, nil
	}
	if _, err := os.Stat(dir); err == nil {
		return "", fmt.Errorf("as root, PostgreSQL runs as another user, who cannot enter a parent of %s; let others enter it (chmod o+x) or choose another directory with --data", dir)
	}
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		return "", err
	}
	target, err := os.MkdirTemp(elsewhere, "postgres-")
	if err != nil {
		return "", err
	}
	return target, os.Symlink(target, dir)
}

// reachable reports whether the server's user can enter every parent of dir.
func reachable(dir string) bool {
	if os.Geteuid() != 0 {
		return true
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err == nil && info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if parent == filepath.Dir(parent) {
			return true
		}
	}
}

func ids(u *user.User) (uid, gid uint32, err error) {
	a, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	b, err := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(a), uint32(b), err
}
