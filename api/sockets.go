package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/models"
)

const codeUpgrade models.Code = "upgrade_required"

// socketTTL is how long a socket of a killed process counts against its user.
// It is longer than any socket lives.
const socketTTL = 16 * time.Minute

// takeSocket counts a user's open sockets over all replicas and refuses one
// too many. The returned function gives the place back.
func (s *Server) takeSocket(ctx context.Context, userID string) (func(), error) {
	key, member, now := "sockets:"+userID, newID(), time.Now()
	var open *redis.IntCmd
	_, err := s.deps.Redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRemRangeByScore(ctx, key, "-inf", strconv.FormatInt(now.UnixMilli(), 10))
		p.ZAdd(ctx, key, redis.Z{Score: float64(now.Add(socketTTL).UnixMilli()), Member: member})
		p.Expire(ctx, key, socketTTL)
		open = p.ZCard(ctx, key)
		return nil
	})
	if err != nil {
		return nil, &retryError{models.Wrap(err, models.CodeUnavailable, "Live events are not available now. Try again in a moment."), 2 * time.Second}
	}
	release := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := s.deps.Redis.ZRem(ctx, key, member).Err(); err != nil {
			s.log(ctx).Warn("release socket", "error", err)
		}
	}
	if int(open.Val()) > s.deps.Config.SocketsPerUser {
		release()
		return nil, &retryError{models.Errorf(codeTooManySockets,
			"You have %d live connections open already. Close a page first.", s.deps.Config.SocketsPerUser), 10 * time.Second}
	}
	return release, nil
}

// streamBounds returns the first and last event id of a question's stream;
// both are empty when there is no stream.
func (s *Server) streamBounds(ctx context.Context, questionID string) (first, last string, err error) {
	key := realtime.Key(questionID)
	var head, tail *redis.XMessageSliceCmd
	if _, err = s.deps.Redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		head = p.XRangeN(ctx, key, "-", "+", 1)
		tail = p.XRevRangeN(ctx, key, "+", "-", 1)
		return nil
	}); err != nil {
		return "", "", fmt.Errorf("read event stream: %w", err)
	}
	if len(head.Val()) == 0 || len(tail.Val()) == 0 {
		return "", "", nil
	}
	return head.Val()[0].ID, tail.Val()[0].ID, nil
}

// newer compares two Redis stream ids, "<ms>-<seq>"; "" is older than any.
func newer(a, b string) bool {
	if a == "" || b == "" {
		return a != "" && b == ""
	}
	ams, aseq := streamParts(a)
	bms, bseq := streamParts(b)
	return ams > bms || ams == bms && aseq > bseq
}

func streamParts(id string) (ms, seq uint64) {
	left, right, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseUint(left, 10, 64)
	seq, _ = strconv.ParseUint(right, 10, 64)
	return ms, seq
}
