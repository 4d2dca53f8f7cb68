package main

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/telemetry"
)

// A second process of a machine says that nobody sees its metrics, and where they are.
func TestMetricsWhereTheirAddressIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	var log bytes.Buffer
	s := &services{config: config.Config{MetricsAddr: taken.Addr().String()}, log: slog.New(slog.NewJSONHandler(&log, nil)), metrics: telemetry.NewMetrics("test")}
	server := s.serveMetrics()
	defer func() { _ = server.Close() }()
	require.Contains(t, log.String(), `"level":"ERROR","msg":"another program has DATAMIND_METRICS_ADDR`)
	addr := regexp.MustCompile(`"metrics are served","addr":"(127[^"]+)"`).FindStringSubmatch(log.String())
	require.NotNil(t, addr, log.String())
	resp, err := http.Get("http://" + addr[1] + "/metrics") //nolint:noctx // a test
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}
