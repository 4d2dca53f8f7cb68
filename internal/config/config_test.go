package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/config"
)

func TestTheExampleNamesEveryVariable(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", ".env.example"))
	require.NoError(t, err)
	var documented, values []string
	for _, m := range regexp.MustCompile(`(?m)^(DATAMIND_\w+)=(.*)$`).FindAllStringSubmatch(string(raw), -1) {
		documented = append(documented, m[1])
		if m[2] != "" {
			values = append(values, m[1]+"="+m[2])
		}
	}
	names := config.Names()
	slices.Sort(names)
	slices.Sort(documented)
	require.Equal(t, names, documented)
	fromExample, err := config.Load(values)
	require.NoError(t, err)
	fromDefaults, err := config.Load(nil)
	require.NoError(t, err)
	require.Equal(t, fromDefaults, fromExample, "the example shows the defaults")
}

// What one process writes down, another one reads back.
func TestEnvironIsRead(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789ABCDEF"))
	want, err := config.Load([]string{"DATAMIND_DATABASE_URL=postgres://u:p@h/d", "DATAMIND_PAYLOAD_KEYS_OLD=" + key + "," + key, "DATAMIND_LLM_MODELS=a,b",
		"DATAMIND_LLM_BASE_URL=http://localhost/v1", "DATAMIND_LLM_TIMEOUT=90s", "DATAMIND_APPROVE_COST=0", "DATAMIND_ALLOW_PRIVATE_CONNECTIONS=false",
		"DATAMIND_ALLOW_CONNECTIONS=reader@127.0.0.1:5432/shop", "DATAMIND_TEMPORAL_UI_URL=http://localhost:1?a=b", "DATAMIND_EXPORT_TARGETS=a=s3://b?prefix=c/,d=gs://e"})
	require.NoError(t, err)
	got, err := config.Load(want.Environ())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestAllProblemsInOneMessage(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"DATAMIND_JWT_KEY=c2hvcnQ=", "DATAMIND_QUEUES=ask,nope", "DATAMIND_DATABASE_URL=localhost", "DATAMIND_LLM_MODELS=m",
		"DATAMIND_HTPP_ADDR=x", "DATAMIND_LOG_LEVEL=loud", "DATAMIND_BUILD_ID=it's", "DATAMIND_PAYLOAD_KEY=" + strings.Repeat("A", 43) + "="})
	require.Error(t, err)
	for _, name := range []string{"JWT_KEY", "QUEUES", "DATABASE_URL", "LLM_BASE_URL", "HTPP_ADDR", "LOG_LEVEL", "BUILD_ID", "PAYLOAD_KEY"} {
		require.ErrorContains(t, err, "DATAMIND_"+name)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"DATAMIND_DATABASE_URL=postgres://u:hunter2@h/d"})
	require.NoError(t, err)
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c), string(raw)} {
		require.NotContains(t, text, "hunter2")
	}
}

func TestPlacesForCopiesAreNamedAddresses(t *testing.T) {
	t.Parallel()
	load := func(targets string) (config.Config, error) {
		return config.Load([]string{"DATAMIND_EXPORT_TARGETS=" + targets})
	}
	c, err := load("lake=s3://company?prefix=a/&region=eu-central-1,share=file:///mnt/share")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"lake": "s3://company?prefix=a/&region=eu-central-1", "share": "file:///mnt/share"}, c.Targets())
	c, err = load("")
	require.NoError(t, err)
	require.Empty(t, c.Targets())
	for _, wrong := range []string{"lake", "=s3://x", "lake=http://10.0.0.1/", "a b=s3://x", "../x=file:///x", "lake=s3://x,lake=s3://y"} {
		_, err := load(wrong)
		require.ErrorContains(t, err, "EXPORT_TARGETS", wrong)
	}
}
