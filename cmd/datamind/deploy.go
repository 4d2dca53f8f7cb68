package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

type deployCmd struct {
	Status  deployStatusCmd  `cmd:"" help:"List the builds of the workers: which takes new questions, and how many each still has."`
	Promote deployPromoteCmd `cmd:"" help:"Send new questions to a build. Questions that have begun stay with theirs."`
	Move    deployMoveCmd    `cmd:"" help:"Move the open questions of a build to the one that this program is."`
}

// deployments connects as a worker does.
func deployments() (*services, worker.Deployments, error) {
	c, _, err := loadConfig("DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "PAYLOAD_KEY")
	if err != nil {
		return nil, worker.Deployments{}, err
	}
	s, err := connect(context.Background(), c, discard, "datamind-deploy")
	if err != nil {
		return nil, worker.Deployments{}, err
	}
	return s, s.deployments(), nil
}

func (s *services) deployments() worker.Deployments {
	return worker.Deployments{Temporal: s.temporal, Namespace: s.config.TemporalNamespace}
}

type deployStatusCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Run prints the builds.
func (d deployStatusCmd) Run(ctx context.Context) error {
	s, all, err := deployments()
	if err != nil {
		return err
	}
	defer s.close()
	builds, err := all.Builds(ctx)
	if err != nil {
		return err
	}
	if d.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"builds": builds})
	}
	return printBuilds(os.Stdout, builds)
}

func printBuilds(w io.Writer, builds []worker.Build) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "BUILD\tNEW\tOPEN\t%s\t\n", strings.ToUpper(strings.Join(workflows.Queues, "\t")))
	for _, b := range builds {
		_, _ = fmt.Fprintf(table, "%s\t%g %%\t%d", b.ID, b.Percent, b.Open)
		for _, queue := range workflows.Queues {
			_, _ = fmt.Fprintf(table, "\t%d", b.Workers[queue])
		}
		_, _ = fmt.Fprintf(table, "\t%s\n", remark(b))
	}
	return table.Flush()
}

// remark says what an operator may do about a build.
func remark(b worker.Build) string {
	switch missing := b.Unserved(); {
	case b.Needed() && len(missing) > 0:
		return "no worker of it polls " + strings.Join(missing, ", ") + ": questions wait"
	case !b.Needed() && len(b.Workers) > 0:
		return "its workers may go"
	}
	return ""
}

type deployPromoteCmd struct {
	Build    string        `arg:"" help:"The build's id (DATAMIND_BUILD_ID of its workers), or 'none' for workers without one."`
	Ramp     float32       `help:"Percent of the new questions that it gets; 100 makes it the current build." default:"100"`
	Wait     time.Duration `help:"How long to wait for its workers on every queue." default:"10s"`
	Unserved bool          `help:"Promote it although no worker of it polls one of the queues."`
}

// Run routes new questions.
func (d deployPromoteCmd) Run(ctx context.Context) error {
	if d.Ramp < 0 || d.Ramp > 100 {
		return errConfig{models.Errorf(models.CodeInvalid, "--ramp is a percentage, 0 to 100.")}
	}
	s, all, err := deployments()
	if err != nil {
		return err
	}
	defer s.close()
	if err := all.Promote(ctx, worker.Promotion{Build: d.Build, Percent: d.Ramp, Wait: d.Wait, Unserved: d.Unserved}); err != nil {
		return err
	}
	builds, err := all.Builds(ctx)
	if err != nil {
		return err
	}
	return printBuilds(os.Stdout, builds)
}

type deployMoveCmd struct {
	From  string `required:"" help:"The build whose questions are moved."`
	Limit int    `help:"Move so many at most; 1 to try it out." default:"10000"`
}

// Run moves open questions to this program's build.
func (d deployMoveCmd) Run(ctx context.Context) error {
	s, all, err := deployments()
	if err != nil {
		return err
	}
	defer s.close()
	to := s.config.BuildID
	if to == "" || to == d.From || d.From == worker.NoBuild {
		return errConfig{models.Errorf(models.CodeInvalid, "Questions are moved from one build to another by the program of the latter, which tries whether its workflow code can go on with them: "+
			"run this with that program and its DATAMIND_BUILD_ID. Questions without a build go to the current one by themselves.")}
	}
	done, err := all.Move(ctx, d.From, to, d.Limit, s.codec)
	fmt.Printf("%d moved from %s to %s, %d had ended, %d kept\n", done.Moved, d.From, to, done.Ended, len(done.Kept))
	for _, kept := range done.Kept {
		fmt.Printf("kept %s: %s\n", kept.WorkflowID, printable(reason(kept.Reason), false))
	}
	if err == nil && len(done.Kept) > 0 {
		return models.Errorf(models.CodeConflict, "This program's workflow code cannot go on with the questions that were kept. Leave workers of the build %s until they have ended, or stop them.", d.From)
	}
	return err
}

// announceBuild says at the start of a versioned worker whether new questions
// come to it: that is for an operator to decide, and easily forgotten.
func (s *services) announceBuild(ctx context.Context) {
	build := s.config.BuildID
	percent, current, err := s.deployments().Percent(ctx, build)
	switch {
	case err != nil:
		s.log.Warn("it is not known whether new questions come to this build", "build", build, "error", err)
	case percent == 0:
		s.log.Warn("new questions do not come to this build until it is promoted", "build", build, "current", current, "run", "datamind deploy promote "+build)
	default:
		s.log.Info("new questions come to this build", "build", build, "percent", percent)
	}
}

// builds checks that where builds are told apart, each that has questions or
// gets new ones has its workers. It reports whether what is started now finds
// all of its own.
func (x *examination) builds(ctx context.Context, s *services) (found bool) {
	builds, err := s.deployments().Builds(ctx)
	if err == nil && len(builds) == 1 && builds[0].ID == worker.NoBuild {
		return true
	}
	if err != nil {
		return x.check(ctx, "builds", "Check that this user may describe worker deployments.", func(context.Context) (string, error) { return "", err })
	}
	found = true
	for _, b := range builds {
		served := x.check(ctx, "build: "+b.ID, buildFix(b, builds), func(context.Context) (string, error) {
			if text := remark(b); strings.HasSuffix(text, "wait") {
				return "", models.Errorf(models.CodeUnavailable, "%g %% of the new questions and %d open ones are its; %s.", b.Percent, b.Open, text)
			}
			return fmt.Sprintf("gets %g %% of the new questions, has %d open", b.Percent, b.Open), nil
		})
		found = found && (served || b.Percent == 0)
	}
	return found
}

// buildFix is what to do about a build that lacks workers.
func buildFix(b worker.Build, all []worker.Build) string {
	start := fmt.Sprintf("Start them with %sBUILD_ID=%s", config.Prefix, b.ID)
	if b.ID == worker.NoBuild {
		start = "Start workers without a build id"
	}
	if b.Percent > 0 {
		for _, other := range all {
			if other.ID != b.ID && len(other.Unserved()) == 0 {
				return start + ", or run: datamind deploy promote " + other.ID
			}
		}
		return start + "."
	}
	return start + ", or move its questions with the current build's program: datamind deploy move --from " + b.ID
}
