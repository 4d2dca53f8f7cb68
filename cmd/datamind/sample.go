package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/sample"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

const (
	sampleReader     = "sample_reader"
	sampleName       = "Sample company"
	sampleConnected  = "sample-connected" // marks that the connection was made once
	sampleTimeout    = 30
	sampleMaxRows    = 10_000
	samplePasswordID = "sample-reader"
)

// loadSample makes the sample company's database at the first start. Later it
// returns at once, with what brings the data up to yesterday.
func loadSample(ctx context.Context, dsn, dir string) (refresh func(context.Context) error, err error) {
	load := func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		password, err := embedded.KeepSecret(dir, samplePasswordID, rand.Text)
		if err != nil {
			return err
		}
		if _, err := sample.EnsureCurrent(ctx, conn, sample.Options{}); err != nil {
			return fmt.Errorf("load the sample company: %w", err)
		}
		return sample.EnsureReader(ctx, conn, sampleReader, password)
	}
	if _, err := os.Stat(filepath.Join(dir, sampleConnected)); err == nil {
		return load, nil
	}
	say("Making the sample company's database …")
	return nil, load(ctx)
}

// connectSample connects the sample company at the first start, keeps the
// connection's port and password true afterwards, and respects that somebody
// deleted it.
func (o *oneMachine) connectSample(ctx context.Context) error {
	if o.NoSample {
		return nil
	}
	target, err := connector.ParseDSN(o.stack.SampleDSN)
	if err != nil {
		return err
	}
	existing, err := o.services.store.SystemConnections(ctx)
	if err != nil {
		return err
	}
	marker := filepath.Join(o.Data, sampleConnected)
	at := slices.IndexFunc(existing, func(c models.Connection) bool { return c.Sample && c.OrgID == o.owner.OrgID })
	if at < 0 {
		if _, err := os.Stat(marker); err == nil {
			return nil
		}
	}
	c := models.Connection{ID: store.NewID()}
	if at >= 0 {
		c = existing[at]
	}
	if err := o.fillSample(&c, target); err != nil {
		return err
	}
	if at >= 0 { // the server may listen elsewhere than before, and then what was known of it is gone
		if err := o.services.store.UpdateConnection(ctx, o.owner, &c); err != nil {
			return err
		}
		return o.services.runs.SyncCatalog(ctx, o.owner, c.ID)
	}
	c.Name = sampleName
	if err := o.services.store.CreateConnection(ctx, o.owner, &c); err != nil {
		return err
	}
	d := &models.Dashboard{Spec: sample.Dashboard(c.ID), Sharing: models.ShareEdit}
	if err := o.services.store.CreateDashboard(ctx, o.owner, d, ""); err != nil {
		return err
	}
	if err := o.watchSample(ctx, c.ID); err != nil {
		return err
	}
	r := sample.Report(o.owner.UserID, c.ID)
	if err := o.services.store.CreateReport(ctx, o.owner, r); err != nil {
		return err
	}
	o.unreported = r.ID
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		return err
	}
	return o.services.runs.SyncCatalog(ctx, o.owner, c.ID)
}

// watchSample makes the sample company's alerts.
func (o *oneMachine) watchSample(ctx context.Context, connectionID string) error {
	alerts := sample.Alerts(connectionID)
	for i := range alerts {
		if err := o.services.store.CreateAlert(ctx, o.owner, &alerts[i]); err != nil {
			return err
		}
		o.unseen = append(o.unseen, alerts[i].ID)
	}
	return nil
}

// lookOnce has new alerts look, and the new report made, before their first time
// comes. What can not be done just now is done then.
func (o *oneMachine) lookOnce(ctx context.Context) {
	if o.unreported != "" {
		if err := o.services.runs.RunReport(ctx, o.owner, o.unreported, time.Now().UTC().Truncate(time.Second), ""); err != nil && ctx.Err() == nil {
			o.log.Warn("the sample report has not been made yet", "report_id", o.unreported, "error", err)
		}
	}
	for _, id := range o.unseen {
		if err := o.services.runs.RunAlert(ctx, o.owner, id, []time.Time{time.Now().UTC().Truncate(time.Second)}, models.RunNow); err != nil && ctx.Err() == nil {
			o.log.Warn("a sample alert has not looked yet", "alert_id", id, "error", err)
		}
	}
}

func (o *oneMachine) fillSample(c *models.Connection, target connector.Config) error {
	password, err := embedded.KeepSecret(o.Data, samplePasswordID, rand.Text)
	if err != nil {
		return err
	}
	sealer, err := crypt.NewSealer(o.config.SealPublicKey)
	if err != nil {
		return err
	}
	sealed, err := sealer.Seal(o.owner.OrgID, c.ID, []byte(password))
	if err != nil {
		return err
	}
	c.OrgID, c.SealedPassword, c.Kind, c.Sample = o.owner.OrgID, []byte(sealed), models.KindPostgres, true
	c.Host, c.Port, c.Database, c.Username, c.TLSMode = target.Host, target.Port, target.Database, sampleReader, models.TLSDisable
	if len(c.Schemas) == 0 {
		c.Schemas, c.TimeoutSeconds, c.MaxRows = []string{"public"}, sampleTimeout, sampleMaxRows
	}
	return nil
}
