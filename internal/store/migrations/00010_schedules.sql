-- +goose Up
-- One table of timings for all that runs by the clock, not for alerts only.
ALTER TABLE alert_schedules RENAME TO schedules;
ALTER TABLE schedules RENAME CONSTRAINT alert_schedules_pkey TO schedules_pkey;
ALTER TABLE schedules RENAME CONSTRAINT alert_schedules_org_id_fkey TO schedules_org_id_fkey;
ALTER INDEX alert_schedules_open RENAME TO schedules_open;
ALTER TABLE schedules ADD COLUMN kind text NOT NULL DEFAULT 'alerts', ADD COLUMN object_id text NOT NULL DEFAULT '';
ALTER TABLE schedules ALTER COLUMN kind DROP DEFAULT, ALTER COLUMN object_id DROP DEFAULT;
DROP INDEX alert_schedules_key;
CREATE UNIQUE INDEX schedules_key ON schedules USING btree (org_id, kind, object_id, cron, time_zone, jitter_seconds, catch_up_minutes);

-- Nothing has written here before. A scheduled export outlives its connection,
-- to be paused and to say so.
DROP TABLE export_schedules;
CREATE TABLE export_schedules (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    question_id uuid,
    saved_query_id uuid,
    sql text NOT NULL,
    arguments jsonb NOT NULL,
    format text NOT NULL,
    compression text NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds bigint NOT NULL,
    catch_up_minutes bigint NOT NULL,
    channels jsonb NOT NULL,
    attach boolean NOT NULL,
    target text NOT NULL,
    folder text NOT NULL,
    target_path text NOT NULL,
    paused boolean NOT NULL,
    pause_code text NOT NULL,
    pause_text text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
ALTER TABLE ONLY export_schedules ADD CONSTRAINT export_schedules_pkey PRIMARY KEY (id);
CREATE INDEX export_schedules_list ON export_schedules USING btree (org_id, user_id, created_at DESC);
CREATE UNIQUE INDEX export_schedules_target ON export_schedules USING btree (target, target_path) WHERE (target <> ''::text);
ALTER TABLE export_schedules ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON export_schedules TO datamind_app;
ALTER TABLE export_schedules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON export_schedules TO datamind_app USING (app_sees(org_id));

ALTER TABLE exports ADD COLUMN scheduled_at timestamp with time zone, ADD COLUMN copied_to text DEFAULT ''::text NOT NULL,
    ADD COLUMN copy_error text DEFAULT ''::text NOT NULL, ADD COLUMN told_at timestamp with time zone;
CREATE INDEX exports_schedule ON exports USING btree (schedule_id, created_at DESC) WHERE (schedule_id IS NOT NULL);
CREATE INDEX exports_untold ON exports USING btree (ended_at) WHERE ((schedule_id IS NOT NULL) AND (told_at IS NULL));

-- +goose Down
DROP INDEX exports_schedule, exports_untold;
ALTER TABLE exports DROP COLUMN scheduled_at, DROP COLUMN copied_to, DROP COLUMN copy_error, DROP COLUMN told_at;
DROP TABLE export_schedules;
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
ALTER TABLE ONLY export_schedules ADD CONSTRAINT export_schedules_pkey PRIMARY KEY (id);
CREATE INDEX export_schedules_list ON export_schedules USING btree (org_id, user_id, created_at DESC);
ALTER TABLE export_schedules ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON export_schedules TO datamind_app;
ALTER TABLE export_schedules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON export_schedules TO datamind_app USING (app_sees(org_id));
DROP INDEX schedules_key;
DELETE FROM schedules WHERE kind <> 'alerts';
ALTER TABLE schedules DROP COLUMN kind, DROP COLUMN object_id;
ALTER INDEX schedules_open RENAME TO alert_schedules_open;
ALTER TABLE schedules RENAME CONSTRAINT schedules_org_id_fkey TO alert_schedules_org_id_fkey;
ALTER TABLE schedules RENAME CONSTRAINT schedules_pkey TO alert_schedules_pkey;
ALTER TABLE schedules RENAME TO alert_schedules;
CREATE UNIQUE INDEX alert_schedules_key ON alert_schedules USING btree (org_id, cron, time_zone, jitter_seconds, catch_up_minutes);
