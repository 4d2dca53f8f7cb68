package llm

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/datamind/datamind/models"
)

const (
	breakerFailures = 5
	breakerOpen     = 15 * time.Second
)

// breaker keeps calls away from a model that fails time after time, so that a
// broken endpoint is not made worse and fallbacks come at once.
type breaker struct {
	model string
	cb    *gobreaker.CircuitBreaker[struct{}]
	until atomic.Int64 // when an open breaker lets a call through, Unix nanoseconds
	last  atomic.Value // string: what the last failure said
}

func newBreaker(model string) *breaker {
	b := &breaker{model: model}
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        model,
		Timeout:     breakerOpen,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerFailures },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.until.Store(time.Now().Add(breakerOpen).UnixNano())
			}
		},
		// A refused key or an unreadable reply says that the endpoint lives.
		IsSuccessful: func(err error) bool { return err == nil || models.ErrorCode(err) != models.CodeModelBusy },
		// A call that its caller gave up says nothing about the model.
		IsExcluded: func(err error) bool { return err != nil && errors.Is(err, context.Canceled) },
	})
	return b
}

func (b *breaker) open() bool { return b.cb.State() == gobreaker.StateOpen }

// do runs call unless the breaker is open.
func (b *breaker) do(call func() error) error {
	_, err := b.cb.Execute(func() (struct{}, error) {
		err := call()
		if models.ErrorCode(err) == models.CodeModelBusy {
			b.last.Store(models.ErrorMessage(err))
		}
		return struct{}{}, err
	})
	if !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) {
		return err
	}
	rest := bounded(time.Until(time.Unix(0, b.until.Load())))
	if errors.Is(err, gobreaker.ErrTooManyRequests) { // somebody else finds out just now
		rest = breakerOpen
	}
	return models.Wrap(&callError{text: err.Error(), safe: err.Error(), retryAfter: rest}, models.CodeModelBusy,
		"The model %q failed several times in a row and is left alone for a moment. The last time: %s", b.model, b.last.Load())
}
