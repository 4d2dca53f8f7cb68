// Package worker connects to Temporal and registers workflows and activities
// per task queue.
package worker

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/datamind/datamind/workflows"
)

// Dial connects lazily: an API starts while Temporal is down, and reaches it
// when it is back. Payloads are compressed and encrypted by codec. The
// observer, which may be nil, is told what workers on this client do.
func Dial(_ context.Context, address, namespace string, tlsConfig *tls.Config, codec converter.PayloadCodec, logger *slog.Logger, o *Observer) (client.Client, error) {
	options := client.Options{
		HostPort:      address,
		Namespace:     namespace,
		DataConverter: dataConverter(codec),
		// Messages of failures can quote SQL: they are encrypted like payloads.
		FailureConverter:  failureConverter(codec),
		ConnectionOptions: client.ConnectionOptions{TLS: tlsConfig},
	}
	if err := o.observe(&options, logger.With("component", "temporal")); err != nil {
		return nil, err
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("dial temporal: %w", err)
	}
	return c, nil
}

func dataConverter(codec converter.PayloadCodec) converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec)
}

// Prepare teaches the namespace the search attributes of the runs: Temporal
// refuses runs that carry unknown ones. It is safe to repeat.
func Prepare(ctx context.Context, c client.Client, namespace string) error {
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enums.IndexedValueType{}
	for _, name := range workflows.SearchAttributes {
		if _, ok := known.GetCustomAttributes()[name]; !ok {
			missing[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
