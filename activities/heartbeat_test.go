package activities

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		temporal.NewCanceledError():                                   true,
		serviceerror.NewNotFound("another attempt has it"):            true,
		fmt.Errorf("beat: %w", serviceerror.NewNotFound("no longer")): true,
		activity.ErrActivityPaused:                                    true,
		activity.ErrActivityReset:                                     true,
		serviceerror.NewUnavailable("restarts"):                       false,
		context.DeadlineExceeded:                                      false,
		errors.New("anything else"):                                   false,
		nil:                                                           false,
	} {
		require.Equal(t, want, ended(err), fmt.Sprint(err))
	}
}

// server answers heartbeats.
type server struct {
	client.Client
	answers chan error
}

func (s server) RecordActivityHeartbeat(context.Context, []byte, ...any) error { return <-s.answers }

// What an attempt works on goes on while the server does not answer, and ends
// when that says so.
func TestHeartbeatEndsWhatTheServerEnds(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	beats := server{answers: make(chan error)}
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		work, stop := heartbeat(ctx, beats)
		defer stop()
		for _, answer := range []error{nil, serviceerror.NewUnavailable("restarts")} {
			beats.answers <- answer
			require.NoError(t, work.Err())
		}
		beats.answers <- serviceerror.NewNotFound("another attempt has it")
		<-work.Done()
		return nil
	}, activity.RegisterOptions{Name: "work"})
	_, err := env.ExecuteActivity("work")
	require.NoError(t, err)
}
