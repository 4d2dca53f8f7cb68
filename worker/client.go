// Package worker connects to Temporal and registers workflows and activities
// per task queue.
package worker

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
)

// Dial connects lazily: a Temporal that is down now is reached when it is
// back, so that no process refuses to start because of it. Payloads are
// compressed and encrypted by codec.
func Dial(_ context.Context, address, namespace string, tlsConfig *tls.Config, codec converter.PayloadCodec, logger *slog.Logger) (client.Client, error) {
	c, err := client.NewLazyClient(client.Options{
		HostPort:      address,
		Namespace:     namespace,
		Logger:        log.NewStructuredLogger(logger.With("component", "temporal")),
		DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec),
		// Messages of failures can quote SQL: they are encrypted like payloads.
		FailureConverter:  failureConverter(codec),
		ConnectionOptions: client.ConnectionOptions{TLS: tlsConfig},
	})
	if err != nil {
		return nil, fmt.Errorf("dial temporal: %w", err)
	}
	return c, nil
}
