package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

func TestDoctorTellsTheCauseAndNoSecret(t *testing.T) {
	t.Parallel()
	c := config.Config{DatabaseURL: "postgres://app:s3cret%2Fpass@db.example.com/datamind", LLMAPIKey: "sk-0123456789"}
	x := &examination{hide: hider(c)}
	for _, err := range []error{
		models.Wrap(errors.New("dial tcp 127.0.0.1:1: connect:\nconnection refused"), models.CodeUnavailable, "The service does not answer."),
		fmt.Errorf("parse %q: invalid port", string(c.DatabaseURL)),
		models.Wrap(errors.New("no entry for s3cret/pass, nor for s3cret%2Fpass"), models.CodeInternal, "It was refused."),
		errors.New("get redis://:other/p@ss@redis:6379/0: no such host"),
		models.Wrap(errors.New("401: the key sk-0123456789 is unknown"), models.CodeModel, "The endpoint does not accept the key."),
		errors.New(strings.Repeat("long ", 1000)),
	} {
		require.False(t, x.check(t.Context(), "a check", "Do this.", func(context.Context) (string, error) { return "", err }))
	}
	require.Equal(t, "The service does not answer. (dial tcp 127.0.0.1:1: connect: connection refused)", x.findings[0].Detail)
	require.Equal(t, "Do this.", x.findings[0].Fix)
	require.Equal(t, `parse "[secret]": invalid port`, x.findings[1].Detail)
	require.Equal(t, "It was refused. (no entry for [secret], nor for [secret])", x.findings[2].Detail)
	require.Equal(t, "get redis://:[secret]@redis:6379/0: no such host", x.findings[3].Detail)
	require.Equal(t, "The endpoint does not accept the key. (401: the key [secret] is unknown)", x.findings[4].Detail)
	require.Less(t, len(x.findings[5].Detail), 1000)
}

func TestDoctorHidesEverySecret(t *testing.T) {
	t.Parallel()
	var c config.Config
	fields, n := reflect.ValueOf(&c).Elem(), 0
	for i := range fields.NumField() {
		secret := config.Secret(fmt.Sprintf("the-secret-number-%02d", i))
		switch field := fields.Field(i); field.Interface().(type) {
		case config.Secret:
			field.Set(reflect.ValueOf(secret))
		case []config.Secret:
			field.Set(reflect.ValueOf([]config.Secret{secret}))
		default:
			continue
		}
		n++
		require.Equal(t, "it says [secret].", hider(c)(fmt.Sprintf("it says %s.", string(secret))), fields.Type().Field(i).Name)
	}
	require.Greater(t, n, 8)
}

func TestDoctorKnowsAFixForEachWayAConnectionFails(t *testing.T) {
	t.Parallel()
	seen := map[string]models.Code{}
	for _, code := range []models.Code{models.CodeHostUnknown, models.CodeRefused, models.CodeTimeout, models.CodeTLS, models.CodeTLSMissing, models.CodeLoginRefused, models.CodePassword,
		models.CodeDatabaseMissing, models.CodeNoPermission, models.CodeAddressRefused, models.CodeConnection} {
		fix := connectionFix(code)
		require.Empty(t, seen[fix], code)
		seen[fix] = code
	}
	require.Contains(t, connectionFix(models.CodeRefused), "Start that database")
}

func TestDoctorOfAStackThatDoesNotRunSaysOnlyThat(t *testing.T) {
	for _, name := range config.Names() { // what the machine's own environment configures
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	dir := t.TempDir()
	environ := "DATAMIND_DATABASE_URL=postgres://app:app@127.0.0.1:1/datamind\nDATAMIND_REDIS_URL=redis://127.0.0.1:1\n" +
		"DATAMIND_TEMPORAL_ADDRESS=127.0.0.1:1\nDATAMIND_PAYLOAD_KEY=" + crypt.GenerateCodecKey() + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, environFile), []byte(environ), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pid"), []byte("1\n"), 0o600)) // it crashed
	x := &examination{hide: hider(config.Config{})}
	x.all(t.Context(), dir)
	require.Len(t, x.findings, 1)
	require.Equal(t, "DataMind does not run on "+dir+": start it with make up", x.findings[0].Detail)
	var out bytes.Buffer
	printFindings(&out, x.findings)
	require.Contains(t, out.String(), "→ Run: make up ARGS=\"--data "+dir+"\".")
}

func TestDoctorExaminesTheNamespace(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	codec, err := crypt.NewCodec(crypt.GenerateCodecKey())
	require.NoError(t, err)
	examine := func(address, namespace string) *examination {
		s := &services{config: config.Config{TemporalAddress: address, TemporalNamespace: namespace}}
		s.temporal, err = worker.Dial(ctx, address, namespace, nil, codec, discard, nil)
		require.NoError(t, err)
		t.Cleanup(s.temporal.Close)
		s.runs = &workflows.Client{Temporal: s.temporal}
		x := &examination{hide: hider(s.config)}
		require.False(t, x.temporal(ctx, s), "nobody works there")
		return x
	}
	names := func(x *examination) (all []string) {
		for _, f := range x.findings {
			all = append(all, f.Name)
		}
		return all
	}
	address := testkit.Temporal(t)

	x := examine(address, "nowhere")
	require.Equal(t, []string{"temporal", "namespace"}, names(x))
	require.Contains(t, x.findings[1].Detail, `There is no namespace "nowhere"`)
	require.Contains(t, x.findings[1].Fix, "temporal operator namespace create --retention 168h --address "+address+" --namespace nowhere")

	namespace := testkit.Namespace(t, address)
	x = examine(address, namespace)
	require.Equal(t, []string{"temporal", "namespace", "search attributes", "workers: ask", "backlog: ask", "workers: model", "backlog: model", "workers: query", "backlog: query",
		"workers: alert", "backlog: alert", "workers: export", "backlog: export"}, names(x))
	require.True(t, x.findings[1].OK)
	require.Contains(t, x.findings[2].Detail, "lacks OrgID, UserID, ConnectionID, Outcome")
	require.Contains(t, x.findings[2].Fix, "search-attribute create --name OrgID --type Keyword --name UserID")
	require.Contains(t, x.findings[3].Detail, `No worker polls the queue "ask"`)

	c, err := worker.Dial(ctx, address, namespace, nil, codec, discard, nil)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, worker.Prepare(ctx, c, namespace))
	require.True(t, examine(address, namespace).findings[2].OK)

	x = examine("127.0.0.1:1", "default") // nothing listens there
	require.Equal(t, []string{"temporal"}, names(x))
	require.Contains(t, x.findings[0].Detail, "connection refused", "the cause")
}
