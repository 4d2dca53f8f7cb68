package api

import (
	"context"
	"net/netip"
	"time"

	"github.com/datamind/datamind/models"
)

// limitIP bounds what one network may try on a route that signs in.
func (s *Server) limitIP(ctx context.Context, what string) error {
	return s.deps.Auth.Limit(ctx, "ip:"+what+":"+network(requestFrom(ctx).IP), s.deps.Config.AuthPerMinute, time.Minute)
}

func (s *Server) limitAsk(ctx context.Context, scope models.Scope) error {
	return s.deps.Auth.Limit(ctx, "ask:"+scope.UserID, s.deps.Config.AsksPerMinute, time.Minute)
}

// network is what counts as one address: of IPv6 the first 64 bits, for the
// rest is the caller's to choose.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
