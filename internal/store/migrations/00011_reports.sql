-- +goose Up
CREATE TABLE reports (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    dashboard_id uuid,
    "values" jsonb NOT NULL,
    questions jsonb NOT NULL,
    conversation_id uuid,
    cron text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds bigint NOT NULL,
    catch_up_minutes bigint NOT NULL,
    recipients jsonb NOT NULL,
    mail_channel_id uuid,
    skip_unchanged boolean NOT NULL,
    pdf boolean NOT NULL,
    locale text NOT NULL,
    status text NOT NULL,
    pause_code text NOT NULL,
    pause_text text NOT NULL,
    active_since timestamp with time zone NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE report_runs (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    report_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    only_for uuid,
    workflow_id text NOT NULL,
    temporal_run_id text NOT NULL,
    told bigint NOT NULL,
    skipped bigint NOT NULL,
    error_code text NOT NULL,
    error_text text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE report_parts (
    run_id uuid NOT NULL,
    rights text NOT NULL,
    org_id uuid NOT NULL,
    status text NOT NULL,
    digest text NOT NULL,
    message jsonb,
    sections bytea,
    file_id uuid,
    failed bigint NOT NULL,
    error_code text NOT NULL,
    error_text text NOT NULL
);
CREATE TABLE report_memories (
    report_id uuid NOT NULL,
    rights text NOT NULL,
    org_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    digest text NOT NULL,
    sections bytea NOT NULL,
    updated_at timestamp with time zone
);
ALTER TABLE ONLY reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY report_runs
    ADD CONSTRAINT report_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY report_parts
    ADD CONSTRAINT report_parts_pkey PRIMARY KEY (run_id, rights);
ALTER TABLE ONLY report_memories
    ADD CONSTRAINT report_memories_pkey PRIMARY KEY (report_id, rights);
CREATE INDEX reports_list ON reports USING btree (org_id, updated_at DESC);
CREATE UNIQUE INDEX report_runs_key ON report_runs USING btree (report_id, at DESC);
CREATE INDEX report_runs_open ON report_runs USING btree (updated_at) WHERE (status = 'running'::text);
-- Ended deliveries go after a time: in the order in which they came.
CREATE INDEX deliveries_created ON deliveries USING brin (created_at);

ALTER TABLE reports ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE, ADD FOREIGN KEY (dashboard_id) REFERENCES dashboards (id) ON DELETE SET NULL,
    ADD FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE SET NULL, ADD FOREIGN KEY (mail_channel_id) REFERENCES channels (id) ON DELETE SET NULL;
ALTER TABLE report_runs ADD FOREIGN KEY (report_id) REFERENCES reports (id) ON DELETE CASCADE;
ALTER TABLE report_parts ADD FOREIGN KEY (run_id) REFERENCES report_runs (id) ON DELETE CASCADE;
ALTER TABLE report_memories ADD FOREIGN KEY (report_id) REFERENCES reports (id) ON DELETE CASCADE;

GRANT SELECT, INSERT, UPDATE, DELETE ON reports, report_runs, report_parts, report_memories TO datamind_app;
ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reports TO datamind_app USING (app_sees(org_id));
ALTER TABLE report_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_runs TO datamind_app USING (app_sees(org_id));
ALTER TABLE report_parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_parts TO datamind_app USING (app_sees(org_id));
ALTER TABLE report_memories ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON report_memories TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP INDEX deliveries_created;
DROP TABLE reports, report_runs, report_parts, report_memories;
