package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// Health names each thing the API needs and whether it answers.
type Health struct {
	OK     bool              `json:"ok"`
	Checks map[string]string `json:"checks"` // ok or down, by name
}

func (s *Server) healthRoutes() {
	s.handle(http.MethodGet, "/health/live", public, func(c *gin.Context) {
		c.JSON(http.StatusOK, Health{OK: true, Checks: map[string]string{}})
	})
	s.handle(http.MethodGet, "/health/ready", public, s.ready)
}

// checkLimit bounds the checks of what the API needs, which run at once.
const checkLimit = 2 * time.Second

// The servers that the API needs, by the names that health and status give them.
const (
	database    = "database"
	redisServer = "redis"
	temporal    = "temporal"
)

// dependencies asks all servers that the API needs at once; the error of one
// that answers is nil.
func (s *Server) dependencies(ctx context.Context) map[string]error {
	return atOnce(map[string]func() error{
		database:    func() error { return s.deps.Store.Ready(ctx) },
		redisServer: func() error { return s.deps.Redis.Ping(ctx).Err() },
		temporal:    func() error { return s.deps.Runs.Ready(ctx) },
	})
}

// atOnce runs all functions at the same time and returns what each returned.
func atOnce[T any](all map[string]func() T) map[string]T {
	var mu sync.Mutex
	var wg sync.WaitGroup
	out := map[string]T{}
	for name, f := range all {
		wg.Go(func() {
			got := f()
			mu.Lock()
			defer mu.Unlock()
			out[name] = got
		})
	}
	wg.Wait()
	return out
}

// ready checks all dependencies. Why one is down is in the log, not in the answer.
func (s *Server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), checkLimit)
	defer cancel()
	h := Health{OK: true, Checks: map[string]string{}}
	for name, err := range s.dependencies(ctx) {
		h.Checks[name] = "ok"
		if err != nil {
			h.OK, h.Checks[name] = false, "down"
			s.log(ctx).Warn("not ready", slog.String("dependency", name), slog.Any("error", err))
		}
	}
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, h)
}
