package api

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/datamind/datamind/models"
)

// limitIP bounds what one network may try on a route that signs in.
func (s *Server) limitIP(ctx context.Context, what string) error {
	return s.deps.Auth.Limit(ctx, "ip:"+what+":"+network(requestFrom(ctx).IP), s.deps.Config.AuthPerMinute, time.Minute)
}

// turn is how long an organisation stores and starts one question before it may
// go on with the next: as long as that takes, but not as long as a server that
// does not answer.
const turn = 50 * time.Millisecond

// takeTurn waits for the organisation's turn to ask. Very many questions at once
// would take the machine from the other organisations.
func (s *Server) takeTurn(ctx context.Context, orgID string) (done func(), err error) {
	value, _ := s.asking.LoadOrStore(orgID, semaphore.NewWeighted(1))
	turns := value.(*semaphore.Weighted)
	if err := turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	done = sync.OnceFunc(func() { turns.Release(1) })
	time.AfterFunc(turn, done)
	return done, nil
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
