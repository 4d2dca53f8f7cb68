package testkit

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/datamind/datamind/internal/embedded"
)

// template is a cluster that is made once in a process and then copied: what
// fills it takes seconds, a copy a fraction of one.
type template struct {
	once sync.Once
	dir  string
	err  error
}

// The templates: an empty cluster, and one with Temporal's tables.
var emptyCluster, temporalCluster template

// copy returns the directory of a fresh copy. fill prepares the template on its
// running server.
func (c *template) copy(name string, fill func(*embedded.Postgres) error) (string, error) {
	c.once.Do(func() { c.err = c.make(name, fill) })
	if c.err != nil {
		return "", c.err
	}
	dir, err := serverDir(name)
	if err != nil {
		return "", err
	}
	out, err := exec.Command("cp", "-a", c.dir+string(filepath.Separator)+".", dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("copy a cluster: %w: %s", err, out)
	}
	return dir, nil
}

func (c *template) make(name string, fill func(*embedded.Postgres) error) (err error) {
	if c.dir, err = serverDir(name); err != nil {
		return err
	}
	pg := &embedded.Postgres{Dir: c.dir}
	if err := pg.Start(context.Background()); err != nil {
		return err
	}
	if err := fill(pg); err != nil {
		return err
	}
	return pg.Stop()
}
