package embedded

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Temporal is a Temporal server with its web UI, run as a child process.
type Temporal struct {
	Addr   string // gRPC, host:port
	UIAddr string // "" for none
	// CodecEndpoint is where the web UI has payloads decoded.
	CodecEndpoint string
	Postgres      *Postgres
	Log           io.Writer
	// Args are more of its arguments.
	Args []string

	child *child
}

// FindTemporal returns the temporal-dev program: beside this program, in bin/
// below the working directory, or on PATH.
func FindTemporal() (string, error) {
	var places []string
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Join(filepath.Dir(self), "temporal-dev"))
	}
	places = append(places, filepath.Join("bin", "temporal-dev"))
	for _, place := range places {
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			return filepath.Abs(place)
		}
	}
	if path, err := exec.LookPath("temporal-dev"); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("the program temporal-dev was not found beside this one; build it with 'make build'")
}

// Start starts the server on its PostgreSQL and waits until its namespace answers.
func (t *Temporal) Start(ctx context.Context) error {
	bin, err := FindTemporal()
	if err != nil {
		return err
	}
	cmd := exec.Command(bin, append([]string{"-exit-with-stdin", "-grpc", t.Addr, "-ui", t.UIAddr, "-ui-codec-endpoint", t.CodecEndpoint,
		"-postgres", fmt.Sprintf("127.0.0.1:%d", t.Postgres.Port), "-postgres-user", superuser}, t.Args...)...)
	cmd.Env = append(bareEnviron(), "TEMPORAL_DEV_POSTGRES_PASSWORD="+t.Postgres.password)
	if _, err := cmd.StdinPipe(); err != nil { // closed by our death
		return err
	}
	if t.child, err = startChild("temporal-dev", cmd, t.Log, false); err != nil {
		return err
	}
	return t.wait(ctx)
}

func (t *Temporal) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := grpc.NewClient(t.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	for {
		// Any call that looks the namespace up: it is known a moment after the server answers.
		_, err := frontend.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default"})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("Temporal did not become ready: %w", err)
		case <-t.child.done:
			return fmt.Errorf("while it started, Temporal %s", t.child.how())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Done is closed when the server has ended, for whatever reason.
func (t *Temporal) Done() <-chan struct{} { return t.child.done }

// Stop ends the server.
func (t *Temporal) Stop() error { return t.child.stop(os.Interrupt, 15*time.Second) }

// Kill ends the server as a crash would.
func (t *Temporal) Kill() { t.child.kill() }
