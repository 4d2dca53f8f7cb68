package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/datamind/datamind/internal/bucket"
	"github.com/datamind/datamind/models"
)

// fileKept is how long a file that goes with mail is kept: as long as sending it
// can be tried again by hand.
const fileKept = 8 * 24 * time.Hour

// CopyResult says where a copy is, in words.
type CopyResult struct{ CopiedTo string }

// CopyExport copies the file of a scheduled export into the target that it names.
// The copy appears under its name when it is whole and right; done again, it is
// the same object with the same bytes.
func (a *Export) CopyExport(ctx context.Context, in ExportRef) (CopyResult, error) {
	ctx, stop := heartbeat(ctx, a.Query.Temporal)
	defer stop()
	work, cancel := stoppable(ctx)
	defer cancel(nil)
	got, err := a.copyExport(work, in)
	if work.Err() != nil && err != nil {
		err = context.Cause(work)
	}
	return got, toTemporal(ctx, err)
}

func (a *Export) copyExport(ctx context.Context, in ExportRef) (out CopyResult, err error) {
	e, schedule, err := a.Query.Store.FindScheduledExport(ctx, in.Scope, in.ExportID)
	if err != nil || schedule == nil || schedule.Target == "" {
		return out, err
	}
	target := a.Targets[schedule.Target]
	if target == nil {
		return out, models.Errorf(models.CodeExportTarget, "This installation has no place called %q for copies any more. Choose another one, or ask whoever runs DataMind.", schedule.Target)
	}
	name := schedule.ObjectName(*e.ScheduledAt)
	// What ends before Close leaves no object, of half a file neither.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := target.NewWriter(ctx, name, &blob.WriterOptions{ContentType: e.ContentType(), BufferSize: uploadSize, MaxConcurrency: uploadsAtOnce})
	if err != nil {
		return out, targetError(err, schedule.Target)
	}
	read, err := a.readFile(ctx, e, w)
	if err != nil {
		cancel()
		_ = w.Close()
		if read != nil {
			return out, bucketError(read)
		}
		return out, targetError(err, schedule.Target)
	}
	if err := w.Close(); err != nil {
		return out, targetError(err, schedule.Target)
	}
	return CopyResult{CopiedTo: schedule.Target + ": " + name}, nil
}

// readFile writes the whole file of an export. Where it breaks off, read is what
// was wrong with the reading, nil where it was the writing.
func (a *Export) readFile(ctx context.Context, e *models.Export, w io.Writer) (read, err error) {
	if e.Status != models.ExportDone {
		err = models.Errorf(models.CodeExportExpired, "The file was deleted before it was delivered.")
		return err, err
	}
	parts, err := a.Query.Store.ExportParts(ctx, models.Scope{OrgID: e.OrgID}, e.ID)
	if err != nil {
		return err, err
	}
	objects := make([]bucket.Part, len(parts))
	for i, p := range parts {
		objects[i] = bucket.Part{Object: p.Object, Bytes: p.Bytes}
	}
	file := bucket.NewParts(ctx, a.Bucket, objects)
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	from := &watchedReader{from: file}
	if _, err = io.CopyBuffer(io.MultiWriter(w, sum), from, make([]byte, pieceSize)); err != nil {
		return from.err, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		err = errors.New("the file is not what was exported")
		return err, err
	}
	return nil, nil
}

// watchedReader keeps the error with which reading broke off.
type watchedReader struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// targetError codes an error of a target. All may pass with time.
func targetError(err error, name string) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if gcerrors.Code(err) == gcerrors.PermissionDenied {
		return models.Wrap(err, models.CodeUnavailable, "DataMind may not write into %q. Whoever runs it must check DATAMIND_EXPORT_TARGETS and its credentials.", name)
	}
	return models.Wrap(err, models.CodeUnavailable, "The place %q, into which the file is copied, does not take it just now.", name)
}

// AttachResult is the file that goes with mail, "" for none.
type AttachResult struct{ FileID string }

// AttachExport keeps the file of an export for mail to carry, where it is small
// enough for that.
func (a *Export) AttachExport(ctx context.Context, in ExportRef) (out AttachResult, err error) {
	ctx, stop := heartbeat(ctx, a.Query.Temporal)
	defer stop()
	e, _, err := a.Query.Store.FindScheduledExport(ctx, in.Scope, in.ExportID)
	if err != nil || e.Bytes > models.MaxArtifact {
		return out, toTemporal(ctx, err)
	}
	content := &bytes.Buffer{}
	if _, err = a.readFile(ctx, e, content); err != nil {
		return out, toTemporal(ctx, err)
	}
	file := &models.Artifact{Name: e.FileName(), MediaType: e.ContentType(), Content: content.Bytes(), ExpiresAt: time.Now().Add(fileKept)}
	err = a.Query.Store.PutArtifact(ctx, in.Scope, file)
	return AttachResult{FileID: file.ID}, toTemporal(ctx, err)
}
