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

// ready checks all dependencies at once within two seconds. Why one is down
// is in the log, not in the answer.
func (s *Server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	checks := map[string]func(context.Context) error{
		"database": s.deps.Store.Ready,
		"redis":    func(ctx context.Context) error { return s.deps.Redis.Ping(ctx).Err() },
		"temporal": s.deps.Runs.Ready,
	}
	h := Health{OK: true, Checks: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, check := range checks {
		wg.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			h.Checks[name] = "ok"
			if err != nil {
				h.OK, h.Checks[name] = false, "down"
				s.log(ctx).Warn("not ready", slog.String("dependency", name), slog.Any("error", err))
			}
		})
	}
	wg.Wait()
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, h)
}
