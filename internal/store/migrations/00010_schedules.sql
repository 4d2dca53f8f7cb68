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

-- Nothing has written here before.
ALTER TABLE export_schedules ADD COLUMN jitter_seconds bigint NOT NULL, ADD COLUMN catch_up_minutes bigint NOT NULL;

-- +goose Down
ALTER TABLE export_schedules DROP COLUMN jitter_seconds, DROP COLUMN catch_up_minutes;
DROP INDEX schedules_key;
DELETE FROM schedules WHERE kind <> 'alerts';
ALTER TABLE schedules DROP COLUMN kind, DROP COLUMN object_id;
ALTER INDEX schedules_open RENAME TO alert_schedules_open;
ALTER TABLE schedules RENAME CONSTRAINT schedules_org_id_fkey TO alert_schedules_org_id_fkey;
ALTER TABLE schedules RENAME CONSTRAINT schedules_pkey TO alert_schedules_pkey;
ALTER TABLE schedules RENAME TO alert_schedules;
CREATE UNIQUE INDEX alert_schedules_key ON alert_schedules USING btree (org_id, cron, time_zone, jitter_seconds, catch_up_minutes);
