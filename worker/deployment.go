package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// deployment is the name under which all versioned workers appear in Temporal.
const deployment = "datamind"

// NoBuild stands for workers without a build id.
const NoBuild = "none"

// routeLimit bounds the wait for a change of route to reach the queues.
const routeLimit = 30 * time.Second

// versioning makes a worker take what is routed to its build only. Runs stay
// with the build that began them.
func versioning(buildID string) sdk.DeploymentOptions {
	if buildID == "" {
		return sdk.DeploymentOptions{}
	}
	return sdk.DeploymentOptions{UseVersioning: true, Version: version(buildID), DefaultVersioningBehavior: workflow.VersioningBehaviorPinned}
}

func version(buildID string) sdk.WorkerDeploymentVersion {
	return sdk.WorkerDeploymentVersion{DeploymentName: deployment, BuildID: buildID}
}

// Build is a build of the workers and what it has to do.
type Build struct {
	ID      string  `json:"build"`   // NoBuild: workers without a build id, and runs that nobody has begun
	Percent float32 `json:"percent"` // of the new runs
	Open    int64   `json:"open"`    // runs that it began, or that were moved to it, and that have not ended
	// Workers that have polled lately, by queue.
	Workers map[string]int `json:"workers"`
}

// Unserved are the queues that no worker of the build polls.
func (b Build) Unserved() (queues []string) {
	for _, queue := range workflows.Queues {
		if b.Workers[queue] == 0 {
			queues = append(queues, queue)
		}
	}
	return queues
}

// Needed reports whether somebody must serve the build.
func (b Build) Needed() bool { return b.Percent > 0 || b.Open > 0 }

// Deployments tells which builds there are and routes runs to them.
type Deployments struct {
	Temporal  client.Client
	Namespace string
}

// route is where new runs go.
type route struct {
	current, ramping string  // NoBuild for workers without a build id
	percent          float32 // of the new runs, to ramping
}

func (r route) share(build string) (percent float32) {
	if build == r.current {
		percent = 100 - r.percent
	}
	if build == r.ramping {
		percent += r.percent
	}
	return percent
}

func routeOf(config client.WorkerDeploymentRoutingConfig) route {
	r := route{current: NoBuild, ramping: NoBuild, percent: config.RampingVersionPercentage}
	if config.CurrentVersion != nil {
		r.current = config.CurrentVersion.BuildID
	}
	if config.RampingVersion != nil {
		r.ramping = config.RampingVersion.BuildID
	}
	return r
}

func (d Deployments) handle() client.WorkerDeploymentHandle {
	return d.Temporal.WorkerDeploymentClient().GetHandle(deployment)
}

// describe returns what Temporal knows of the builds; before the first
// versioned worker that is nothing.
func (d Deployments) describe(ctx context.Context) (client.WorkerDeploymentInfo, error) {
	found, err := d.handle().Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return client.WorkerDeploymentInfo{}, nil
	}
	if err != nil {
		return client.WorkerDeploymentInfo{}, fmt.Errorf("describe the worker deployment: %w", err)
	}
	return found.Info, nil
}

// Percent returns the share of new runs that a build gets, and the current build.
func (d Deployments) Percent(ctx context.Context, build string) (percent float32, current string, err error) {
	info, err := d.describe(ctx)
	r := routeOf(info.RoutingConfig)
	return r.share(build), r.current, err
}

// Builds returns the builds, newest first, and workers without a build id last
// where there are any, or runs for them.
func (d Deployments) Builds(ctx context.Context) ([]Build, error) {
	info, err := d.describe(ctx)
	if err != nil {
		return nil, err
	}
	workers, err := d.workers(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(info.VersionSummaries, func(a, b client.WorkerDeploymentVersionSummary) int { return b.CreateTime.Compare(a.CreateTime) })
	var all []Build
	for _, known := range info.VersionSummaries {
		all = append(all, Build{ID: known.Version.BuildID})
	}
	all = append(all, Build{ID: NoBuild})
	r := routeOf(info.RoutingConfig)
	for i := range all {
		b := &all[i]
		b.Percent, b.Workers = r.share(b.ID), workers[b.ID]
		count, err := d.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: openRuns(b.ID)})
		if err != nil {
			return nil, fmt.Errorf("count the open runs of a build: %w", err)
		}
		b.Open = count.GetCount()
	}
	if last := all[len(all)-1]; last.Percent == 0 && last.Open == 0 && len(last.Workers) == 0 {
		all = all[:len(all)-1]
	}
	return all, nil
}

func openRuns(build string) string {
	if build == NoBuild {
		return "ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion IS NULL"
	}
	return fmt.Sprintf("ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '%s:%s'", deployment, build)
}

// workers counts the workers that have polled lately, by build and queue.
func (d Deployments) workers(ctx context.Context) (map[string]map[string]int, error) {
	all := map[string]map[string]int{}
	for _, queue := range workflows.Queues {
		found, err := describeQueue(ctx, d.Temporal, d.Namespace, queue)
		if err != nil {
			return nil, err
		}
		for _, poller := range found.Pollers {
			build := buildOf(poller)
			if build == "" || !polls(poller) {
				continue
			}
			if all[build] == nil {
				all[build] = map[string]int{}
			}
			all[build][queue]++
		}
	}
	return all, nil
}

// buildOf is the build of a poller; none of ours is "".
func buildOf(poller *taskqueue.PollerInfo) string {
	options := poller.GetDeploymentOptions()
	switch {
	case options.GetWorkerVersioningMode() != enums.WORKER_VERSIONING_MODE_VERSIONED:
		return NoBuild
	case options.GetDeploymentName() != deployment:
		return ""
	}
	return options.GetBuildId()
}

// Promotion routes new runs to a build.
type Promotion struct {
	Build   string  // or NoBuild
	Percent float32 // of the new runs; all of them make it the current build and end a ramp
	// Wait is for workers on every queue, which are seen some time after they
	// have started. Without them a build is promoted only if Unserved.
	Wait     time.Duration
	Unserved bool
}

// Promote makes a promotion, and returns when the queues have heard of it.
func (d Deployments) Promote(ctx context.Context, p Promotion) error {
	target, err := d.served(ctx, p)
	if err != nil {
		return err
	}
	build, percent, unserved := p.Build, p.Percent, p.Unserved
	info, err := d.describe(ctx)
	if err != nil {
		return err
	}
	id := build
	if build == NoBuild {
		id = ""
	}
	want := routeOf(info.RoutingConfig)
	ctx, cancel := context.WithTimeout(ctx, routeLimit)
	defer cancel()
	if err := d.registered(ctx, target); err != nil {
		return err
	}
	if percent < 100 {
		want.ramping, want.percent = build, percent
		_, err = d.handle().SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{BuildID: id, Percentage: percent, IgnoreMissingTaskQueues: unserved})
	} else {
		ramp := (info.RoutingConfig.RampingVersion != nil || want.percent > 0) && want.ramping != build
		want = route{current: build, ramping: NoBuild}
		_, err = d.handle().SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: id, IgnoreMissingTaskQueues: unserved})
		if err == nil && ramp { // of another build
			_, err = d.handle().SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{})
		}
	}
	if err != nil {
		return fmt.Errorf("route new runs to the build %s: %w", build, err)
	}
	return d.routed(ctx, want, target)
}

// served waits for the build's workers.
func (d Deployments) served(ctx context.Context, p Promotion) (Build, error) {
	target, limit := Build{ID: p.Build}, time.Now().Add(p.Wait)
	err := until(ctx, func() (bool, error) {
		workers, err := d.workers(ctx)
		if err != nil {
			return false, err
		}
		target.Workers = workers[p.Build]
		missing := target.Unserved()
		if len(missing) == 0 || p.Unserved {
			return true, nil
		}
		if time.Now().Before(limit) {
			return false, nil
		}
		return false, models.Errorf(models.CodeConflict, "No worker of the build %s polls %s: its questions would wait there. Start them with DATAMIND_BUILD_ID=%s, or promote it all the same with --unserved.",
			p.Build, strings.Join(missing, ", "), p.Build)
	})
	return target, err
}

// registered waits until Temporal counts the queues that the build serves as
// the build's, which is some time after its workers first polled them: the
// tasks of one that it does not count go to workers without a build id.
func (d Deployments) registered(ctx context.Context, target Build) error {
	if target.ID == NoBuild {
		return nil
	}
	return until(ctx, func() (bool, error) {
		found, err := d.handle().DescribeVersion(ctx, client.WorkerDeploymentDescribeVersionOptions{BuildID: target.ID})
		var none *serviceerror.NotFound
		if errors.As(err, &none) {
			return len(target.Workers) == 0, nil
		}
		counted := map[string]bool{}
		for _, queue := range found.Info.TaskQueuesInfos {
			counted[queue.Name] = true
		}
		for queue := range target.Workers {
			if !counted[queue] {
				return false, err
			}
		}
		return true, err
	})
}

// routed waits until the queues that the build serves follow the route.
func (d Deployments) routed(ctx context.Context, want route, target Build) error {
	return until(ctx, func() (bool, error) {
		for queue := range target.Workers {
			found, err := describeQueue(ctx, d.Temporal, d.Namespace, queue)
			if err != nil {
				return false, err
			}
			info, got := found.GetVersioningInfo(), route{current: NoBuild, ramping: NoBuild}
			if v := info.GetCurrentDeploymentVersion(); v != nil {
				got.current = v.GetBuildId()
			}
			if v := info.GetRampingDeploymentVersion(); v != nil {
				got.ramping = v.GetBuildId()
			}
			if got.percent = info.GetRampingVersionPercentage(); got != want {
				return false, nil
			}
		}
		return true, nil
	})
}

func until(ctx context.Context, ok func() (bool, error)) error {
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return models.Errorf(models.CodeUnavailable, "Temporal has not followed within %s; 'datamind deploy status' shows how far it is. Repeat the command.", routeLimit)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
