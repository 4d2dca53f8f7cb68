package worker

import (
	"reflect"
	"runtime"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/workflows"
)

// Activities are the activity structs that a process may run; those of queues
// that it does not serve stay nil.
type Activities struct {
	Questions *activities.Questions
	Model     *activities.Model
	Query     *activities.Query
	Notify    *activities.Notify
	Export    *activities.Export
	Alerts    *activities.Alerts
	Scheduled *activities.ScheduledExports
	Reports   *activities.Reports
	// AtOnce bounds what the process takes on at once, by queue.
	AtOnce map[string]int
}

// stickyLimit is how long a workflow task waits for the worker that has the run
// in its cache, and so how long a run stands still when that worker dies.
const stickyLimit = 2 * time.Second

// New makes one worker per queue, and one for the checks of alerts beside query's. It registers what each queue's activities
// need and no more. With a build id the workers take only what is routed to
// that build, see Deployments; without, all that is routed to no build.
// fatal is told when one of them can work no more.
func New(c client.Client, queues []string, buildID string, a Activities, stopTimeout time.Duration, fatal func(error)) []sdk.Worker {
	var all []sdk.Worker
	if slices.Contains(queues, workflows.QueueQuery) {
		queues = append(slices.Clone(queues), workflows.QueueCheck)
	}
	for _, queue := range queues {
		// Half of the processors is enough for each of the queues. Of workflow tasks
		// one is a poll of the runs that the worker has in its cache, one of others.
		atOnce, busy := a.AtOnce[queue], max(runtime.GOMAXPROCS(0)/2, 1)
		switch queue {
		case workflows.QueueAsk:
			atOnce, busy = runsAtOnce, max(busy, 2)
		case workflows.QueueCheck:
			atOnce = a.AtOnce[workflows.QueueQuery]
		}
		w := sdk.New(c, queue, sdk.Options{
			WorkerStopTimeout:            stopTimeout,
			StickyScheduleToStartTimeout: stickyLimit,
			Tuner:                        newTuner(atOnce, busy),
			DisableWorkflowWorker:        queue != workflows.QueueAsk,
			DisableRegistrationAliasing:  true,
			LocalActivityWorkerOnly:      queue == workflows.QueueAsk,
			DeploymentOptions:            versioning(buildID),
			OnFatalError:                 fatal,
		})
		switch queue {
		case workflows.QueueAsk:
			registerWorkflows(w)
			w.RegisterActivity(a.Questions)
			w.RegisterActivity(a.Alerts)
			w.RegisterActivity(a.Scheduled)
			w.RegisterActivity(a.Reports)
		case workflows.QueueModel:
			w.RegisterActivity(a.Model)
		case workflows.QueueQuery, workflows.QueueCheck:
			w.RegisterActivity(a.Query)
		case workflows.QueueAlert:
			w.RegisterActivity(a.Notify)
		case workflows.QueueExport:
			w.RegisterActivity(a.Export)
		}
		all = append(all, w)
	}
	return all
}

// Names are the activities of a queue.
func Names(queue string) (names []string) {
	of := map[string][]reflect.Type{workflows.QueueAsk: {reflect.TypeFor[*activities.Questions](), reflect.TypeFor[*activities.Alerts](),
		reflect.TypeFor[*activities.ScheduledExports](), reflect.TypeFor[*activities.Reports]()}, workflows.QueueModel: {reflect.TypeFor[*activities.Model]()},
		workflows.QueueQuery: {reflect.TypeFor[*activities.Query]()}, workflows.QueueAlert: {reflect.TypeFor[*activities.Notify]()},
		workflows.QueueExport: {reflect.TypeFor[*activities.Export]()}}[queue]
	for _, one := range of {
		for method := range one.Methods() {
			names = append(names, method.Name)
		}
	}
	return names
}

func registerWorkflows(r sdk.WorkflowRegistry) {
	r.RegisterWorkflow(workflows.Ask)
	r.RegisterWorkflow(workflows.TestConnection)
	r.RegisterWorkflow(workflows.TestModel)
	r.RegisterWorkflow(workflows.SyncCatalog)
	r.RegisterWorkflow(workflows.CheckSQL)
	r.RegisterWorkflow(workflows.Deliver)
	r.RegisterWorkflow(workflows.TestChannel)
	r.RegisterWorkflow(workflows.Export)
	r.RegisterWorkflow(workflows.DeleteExport)
	r.RegisterWorkflow(workflows.EstimateExport)
	r.RegisterWorkflow(workflows.ScheduledExport)
	r.RegisterWorkflow(workflows.AlertRun)
	r.RegisterWorkflow(workflows.AlertWhy)
	r.RegisterWorkflow(workflows.PreviewAlert)
	r.RegisterWorkflow(workflows.RefreshDashboard)
	r.RegisterWorkflow(workflows.ProposeTiles)
	r.RegisterWorkflow(workflows.Report)
	r.RegisterWorkflow(workflows.PreviewReport)
}

func failureConverter(codec converter.PayloadCodec) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          dataConverter(codec),
		EncodeCommonAttributes: true,
	})
}
