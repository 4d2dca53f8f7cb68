package workflows

import (
	"os"
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
	dir := filepath.Join("testdata", "replay")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file.Name(), ".json"), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(Ask)
			replayer.RegisterWorkflow(SyncCatalog)
			replayer.RegisterWorkflow(TestConnection)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, filepath.Join(dir, file.Name())))
		})
	}
}
