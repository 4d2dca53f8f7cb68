package workflows

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

// Runs wait for days: those that earlier builds began are gone on with by this
// one. Each recorded history must lead through the same commands.
func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "replay", "*", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(Ask)
			replayer.RegisterWorkflow(SyncCatalog)
			replayer.RegisterWorkflow(TestConnection)
			replayer.RegisterWorkflow(TestModel)
			replayer.RegisterWorkflow(CheckSQL)
			replayer.RegisterWorkflow(RefreshDashboard)
			replayer.RegisterWorkflow(Deliver)
			replayer.RegisterWorkflow(TestChannel)
			replayer.RegisterWorkflow(AlertRun)
			replayer.RegisterWorkflow(AlertWhy)
			replayer.RegisterWorkflow(PreviewAlert)
			replayer.RegisterWorkflow(Export)
			replayer.RegisterWorkflow(DeleteExport)
			replayer.RegisterWorkflow(EstimateExport)
			replayer.RegisterWorkflow(ScheduledExport)
			replayer.RegisterWorkflow(Report)
			replayer.RegisterWorkflow(PreviewReport)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
}
