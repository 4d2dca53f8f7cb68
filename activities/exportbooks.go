package activities

import (
	"context"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ExportRef names an export on behalf of its owner.
type ExportRef struct {
	Scope        models.Scope
	ExportID     string
	ConnectionID string
}

// PauseInput marks an export as paused, or as to be gone on with.
type PauseInput struct {
	ExportRef
	Paused bool
}

// EndExportInput is how an export ends that is not done.
type EndExportInput struct {
	ExportRef
	Status    models.ExportStatus
	ErrorCode models.Code
	ErrorText string
}

// ExportResult is the status that an export has.
type ExportResult struct {
	Status models.ExportStatus
}

// MarkPaused records that an export is paused, or queued again.
func (a *Questions) MarkPaused(ctx context.Context, in PauseInput) (ExportResult, error) {
	status, err := a.Store.PauseExport(ctx, in.Scope, in.ExportID, in.Paused)
	return ExportResult{Status: status}, toTemporal(ctx, err)
}

// FinishExport records the end of an export, unless it has one: the last part
// has recorded that it is done.
func (a *Questions) FinishExport(ctx context.Context, in EndExportInput) (ExportResult, error) {
	status, err := a.Store.EndExport(ctx, in.Scope, in.ExportID, store.ExportEnding{Status: in.Status, ErrorCode: in.ErrorCode, ErrorText: in.ErrorText})
	return ExportResult{Status: status}, toTemporal(ctx, err)
}
