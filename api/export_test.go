package api

import "time"

// RegisteredRoutes counts the router's own entries.
func (s *Server) RegisteredRoutes() int { return len(s.engine.Routes()) }

// HurrySockets shortens what a socket waits for; 0 leaves the usual time.
func (s *Server) HurrySockets(write, recheck, grace, life time.Duration) {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&s.times.write, write}, {&s.times.recheck, recheck}, {&s.times.grace, grace}, {&s.times.life, life}} {
		if d.value > 0 {
			*d.field = d.value
		}
	}
}
