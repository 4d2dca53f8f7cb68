-- +goose Up
ALTER TABLE orgs ADD COLUMN exports jsonb;

CREATE TABLE exports (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    name text NOT NULL,
    question_id uuid,
    saved_query_id uuid,
    schedule_id uuid,
    sql text NOT NULL,
    arguments jsonb NOT NULL,
    format text NOT NULL,
    compression text NOT NULL,
    status text NOT NULL,
    claim bigint DEFAULT 0 NOT NULL,
    continues boolean,
    key_columns jsonb NOT NULL,
    columns jsonb NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    parts bigint DEFAULT 0 NOT NULL,
    live_rows bigint DEFAULT 0 NOT NULL,
    live_bytes bigint DEFAULT 0 NOT NULL,
    estimate bigint DEFAULT '-1'::integer NOT NULL,
    snapshots bigint DEFAULT 0 NOT NULL,
    cut bigint DEFAULT 0 NOT NULL,
    sha256 text DEFAULT ''::text NOT NULL,
    max_rows bigint NOT NULL,
    max_bytes bigint NOT NULL,
    keep_hours bigint NOT NULL,
    stored boolean DEFAULT false NOT NULL,
    removed boolean DEFAULT false NOT NULL,
    error_code text DEFAULT ''::text NOT NULL,
    error_text text DEFAULT ''::text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone,
    started_at timestamp with time zone,
    updated_at timestamp with time zone,
    ended_at timestamp with time zone
);
CREATE TABLE export_parts (
    export_id uuid NOT NULL,
    number bigint NOT NULL,
    org_id uuid NOT NULL,
    claim bigint NOT NULL,
    object text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    crc32c bigint NOT NULL,
    digest bytea NOT NULL,
    last_key jsonb NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE export_schedules (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    saved_query_id uuid,
    sql text NOT NULL,
    arguments jsonb NOT NULL,
    format text NOT NULL,
    compression text NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
ALTER TABLE ONLY exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY export_parts
    ADD CONSTRAINT export_parts_pkey PRIMARY KEY (export_id, number);
ALTER TABLE ONLY export_schedules
    ADD CONSTRAINT export_schedules_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX exports_key ON exports USING btree (org_id, idempotency_key);
CREATE INDEX exports_list ON exports USING btree (org_id, user_id, created_at DESC);
CREATE INDEX exports_open ON exports USING btree (status) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text, 'paused'::text]));
CREATE INDEX exports_stored ON exports USING btree (expires_at) WHERE stored OR removed;
CREATE INDEX export_schedules_list ON export_schedules USING btree (org_id, user_id, created_at DESC);

-- No reference to the connection: an export outlives it, so that its row tells
-- of the files until they are deleted.
ALTER TABLE exports ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE export_parts ADD FOREIGN KEY (export_id) REFERENCES exports (id) ON DELETE CASCADE;
ALTER TABLE export_schedules ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;

GRANT SELECT, INSERT, UPDATE, DELETE ON exports, export_parts, export_schedules TO datamind_app;
ALTER TABLE exports ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON exports TO datamind_app USING (app_sees(org_id));
ALTER TABLE export_parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON export_parts TO datamind_app USING (app_sees(org_id));
ALTER TABLE export_schedules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON export_schedules TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP TABLE export_schedules, export_parts, exports;
ALTER TABLE orgs DROP COLUMN exports;
