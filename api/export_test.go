package api

// RegisteredRoutes counts the router's own entries.
func (s *Server) RegisteredRoutes() int { return len(s.engine.Routes()) }
