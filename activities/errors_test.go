package activities

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/models"
)

func TestToTemporal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err     error
		code    models.Code
		retried bool
	}{
		{errors.New("connection reset"), models.CodeInternal, true},
		{models.Errorf(models.CodeUnavailable, "x"), models.CodeUnavailable, true},
		{models.Errorf(models.CodeRefused, "x"), models.CodeRefused, true},
		{fmt.Errorf("wrapped: %w", models.Errorf(models.CodeModelBusy, "x")), models.CodeModelBusy, true},
		{models.Errorf(models.CodeModel, "x"), models.CodeModel, false},
		{models.Errorf(models.CodeBudget, "x"), models.CodeBudget, false},
		{models.Errorf(models.CodePassword, "x"), models.CodePassword, false},
		{models.Errorf(models.CodeAddressRefused, "x"), models.CodeAddressRefused, false},
		{models.Errorf(models.CodeNotFound, "x"), models.CodeNotFound, false},
		{models.Errorf(models.CodeSQLError, "x"), models.CodeSQLError, false},
	} {
		var app *temporal.ApplicationError
		require.ErrorAs(t, toTemporal(t.Context(), test.err), &app)
		require.Equal(t, string(test.code), app.Type())
		require.Equal(t, test.retried, !app.NonRetryable(), test.code)
		require.NotContains(t, app.Message(), "reset", "causes are not for people")
	}
	require.NoError(t, toTemporal(t.Context(), nil))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.True(t, temporal.IsCanceledError(toTemporal(cancelled, errors.New("x"))))
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	require.False(t, temporal.IsCanceledError(toTemporal(late, errors.New("x"))), "a time limit is not a person's stop")
}

func TestTimesIsReadable(t *testing.T) {
	t.Parallel()
	for ratio, want := range map[float64]string{1.04: "1.0", 37.26: "37.3", 1400: "1 thousand", 2.6e6: "3 million", 1.4e12: "1 trillion", 9e17: "900000 trillion"} {
		require.Equal(t, want, times(ratio))
	}
}
