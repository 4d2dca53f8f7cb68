package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long the histories of finished runs are kept.
const retention = 7 * 24 * time.Hour

// registerNamespace makes the namespace "default", waiting for the server to answer. It is safe to repeat.
func registerNamespace(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	return until(ctx, func() error {
		_, err := frontend.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{Namespace: "default", WorkflowExecutionRetentionPeriod: durationpb.New(retention)})
		return err
	})
}

// until repeats a call until it succeeds or what it makes exists already.
func until(ctx context.Context, call func() error) error {
	for {
		err := call()
		if err == nil {
			return nil
		}
		err = serviceerror.FromStatus(status.Convert(err))
		var namespaceExists *serviceerror.NamespaceAlreadyExists
		if errors.As(err, &namespaceExists) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
