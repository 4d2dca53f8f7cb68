package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

type exportCmd struct {
	ID          string `arg:"" help:"Id of an answered question or of a saved query."`
	Format      string `help:"csv, tsv, jsonl, xlsx or parquet." enum:"csv,tsv,jsonl,xlsx,parquet" default:"csv"`
	Compression string `help:"none, gzip or zstd." enum:"none,gzip,zstd" default:"none"`
	Output      string `short:"o" help:"File to write; - is the standard output. Default: a file of the export's own name." type:"path"`
	Data        string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run exports through the API and fetches the file.
func (c *exportCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	e, err := c.start(ctx, client)
	if err != nil {
		return err
	}
	if e, err = client.awaitExport(ctx, e); err != nil {
		return err
	}
	if e.Status != models.ExportDone {
		return models.Errorf(e.ErrorCode, "The export is %s: %s", e.Status, e.Error)
	}
	return c.fetch(ctx, client, e)
}

// start exports a question, or a saved query where there is no such question.
func (c *exportCmd) start(ctx context.Context, client *apiClient) (e api.Export, err error) {
	for _, kind := range []string{"question_id", "saved_query_id"} {
		err = client.call(ctx, http.MethodPost, "/exports", map[string]any{kind: c.ID, "format": c.Format, "compression": c.Compression}, &e)
		if models.ErrorCode(err) != models.CodeNotFound {
			return e, err
		}
	}
	return e, models.Errorf(models.CodeNotFound, "There is no question and no saved query with the id %s.", printable(c.ID, false))
}

// awaitExport waits for an export's end and tells how far it is.
func (c *apiClient) awaitExport(ctx context.Context, e api.Export) (api.Export, error) {
	for !e.Status.Final() {
		select {
		case <-ctx.Done():
			return e, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
		if err := c.call(ctx, http.MethodGet, "/exports/"+e.ID, nil, &e); err != nil {
			return e, err
		}
		_, _ = fmt.Fprintf(os.Stderr, "\r%s: %d rows, %.1f MB ", e.Status, e.Rows, float64(e.Bytes)/1e6)
	}
	_, _ = fmt.Fprintln(os.Stderr)
	return e, nil
}

// fetch writes the file under its name when it is whole and right.
func (c *exportCmd) fetch(ctx context.Context, client *apiClient, e api.Export) error {
	var link api.ExportLink
	if err := client.call(ctx, http.MethodPost, "/exports/"+e.ID+"/link", nil, &link); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.URL, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return models.Wrap(err, models.CodeUnavailable, "The file cannot be fetched from %s.", req.URL.Host)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return models.Errorf(models.CodeUnavailable, "The file cannot be fetched: %s.", resp.Status)
	}
	if filepath.Base(c.Output) == "-" { // kong makes a path of it
		_, err := io.Copy(os.Stdout, resp.Body)
		return err
	}
	path := c.Output
	if path == "" {
		path = filepath.Base(e.FileName)
	}
	if err := save(path, resp.Body, e.SHA256); err != nil {
		return err
	}
	fmt.Printf("%s: %d rows, %d bytes, SHA-256 %s\n", path, e.Rows, e.Bytes, e.SHA256)
	return nil
}

// save writes a file whose content has a digest, or none.
func save(path string, content io.Reader, digest string) error {
	half := path + ".part"
	f, err := os.Create(half)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(half) }() // gone already where all went well
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), content)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != digest {
		return models.Errorf(models.CodeInternal, "What was fetched is not the file that was exported. Fetch it again.")
	}
	return os.Rename(half, path)
}
