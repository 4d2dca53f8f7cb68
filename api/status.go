package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// FaultCode says what is wrong, for programs.
type FaultCode string

// What can be wrong.
const (
	FaultDown     FaultCode = "down"     // a server does not answer
	FaultUnserved FaultCode = "unserved" // no worker takes work from a queue
	FaultBehind   FaultCode = "behind"   // work waits in a queue although workers take from it
)

// Fault is something that is wrong with the service as a whole.
type Fault struct {
	Code          FaultCode `json:"code" enum:"down,unserved,behind"`
	Name          string    `json:"name" enum:"database,redis,temporal,ask,model,query,alert" doc:"The server that does not answer, or the queue"`
	Message       string    `json:"message" doc:"What is wrong and what comes of it"`
	Waiting       int64     `json:"waiting" doc:"Steps that wait in the queue, of all organisations; 0 for a server"`
	OldestSeconds int64     `json:"oldest_seconds" doc:"How long the first of them has waited"`
}

type statusOut struct {
	Body struct {
		Faults []Fault `json:"faults" doc:"Empty when all is well"`
	}
}

const (
	// statusAge is how long a finding counts: many pages ask.
	statusAge = 5 * time.Second
	// behindAfter is how long work may wait for a worker that is there.
	behindAfter = 5 * time.Second
)

// status is what was found last.
type status struct {
	mu     sync.Mutex
	at     time.Time
	faults []Fault
}

func (s *Server) statusRoutes() {
	register(s, operation(http.MethodGet, "/status", "get-status", "What is wrong with the service just now", 200), auth.ReadQuestions, s.getStatus)
}

// getStatus answers what was found less than statusAge ago; else the first
// caller looks, and the others wait for what it finds.
func (s *Server) getStatus(ctx context.Context, _ *empty) (*statusOut, error) {
	s.status.mu.Lock()
	defer s.status.mu.Unlock()
	if time.Since(s.status.at) > statusAge {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkLimit) // others wait for it too
		defer cancel()
		s.status.faults = s.faults(ctx)
		s.status.at = time.Now()
	}
	out := &statusOut{}
	out.Body.Faults = s.status.faults
	return out, nil
}

// downMessages say what comes of it when a server does not answer.
var downMessages = map[string]string{
	database:    "DataMind's own database does not answer. Nothing can be asked or read until it does; what runs goes on when it is back.",
	redisServer: "Redis does not answer. Answers are not live, and nobody can sign in or ask until it is back; what runs goes on.",
	temporal:    "The workflow service (Temporal) does not answer. What is asked is stored and starts when it is back; what runs goes on then.",
}

// faults looks at the servers and the queues, all at once.
func (s *Server) faults(ctx context.Context) []Fault {
	type found struct {
		models.QueueState
		err error
	}
	look := map[string]func() found{}
	for _, name := range workflows.Queues {
		look[name] = func() (f found) {
			f.QueueState, f.err = s.deps.Runs.Queue(ctx, name)
			return f
		}
	}
	var servers map[string]error
	var wg sync.WaitGroup
	wg.Go(func() { servers = s.dependencies(ctx) })
	queues := atOnce(look)
	wg.Wait()

	faults := []Fault{}
	for _, name := range []string{database, redisServer, temporal} {
		if servers[name] != nil {
			faults = append(faults, Fault{Code: FaultDown, Name: name, Message: downMessages[name]})
		}
	}
	for _, name := range workflows.Queues {
		q := queues[name]
		if q.err != nil { // Temporal is down, which has been said, or has just come back
			continue
		}
		f := Fault{Name: name, Waiting: q.Backlog, OldestSeconds: int64(q.Age.Seconds())}
		switch err := q.Polled(name); {
		case err != nil:
			f.Code, f.Message = FaultUnserved, models.ErrorMessage(err)
		case q.Backlog > 0 && q.Age > behindAfter:
			f.Code, f.Message = FaultBehind, fmt.Sprintf("Work waits in the queue %q (%d, the first for %s): its workers are busy, or have just ended.",
				name, q.Backlog, q.Age.Round(time.Second))
		default:
			continue
		}
		faults = append(faults, f)
	}
	return faults
}
