package embedded

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHowAProcessEndedIsKnown(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"exit 0":        "has stopped (exit status 0)",
		"exit 3":        "has stopped (exit status 3)",
		"kill -TERM $$": "has stopped (signal: terminated)",
		"kill -KILL $$": "was killed (signal: killed); was the machine out of memory? See dmesg",
	} {
		c, err := startChild("sh", exec.Command("/bin/sh", "-c", script), nil, false)
		require.NoError(t, err)
		<-c.done
		require.Equal(t, want, c.how(), script)
	}
}
