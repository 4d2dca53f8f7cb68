-- +goose Up
CREATE TABLE alerts (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    question_id uuid,
    saved_query_id uuid,
    question text NOT NULL,
    "of" text NOT NULL,
    replan boolean NOT NULL,
    sql text NOT NULL,
    arguments jsonb,
    condition jsonb NOT NULL,
    rule jsonb NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds bigint NOT NULL,
    catch_up_minutes bigint NOT NULL,
    channels jsonb NOT NULL,
    escalate_to jsonb NOT NULL,
    shared boolean NOT NULL,
    status text NOT NULL,
    pause_code text NOT NULL,
    pause_text text NOT NULL,
    active_since timestamp with time zone NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE alert_schedules (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds bigint NOT NULL,
    catch_up_minutes bigint NOT NULL,
    version bigint NOT NULL,
    applied bigint NOT NULL,
    checked_at timestamp with time zone NOT NULL
);
-- What moves with each run is apart from the alerts: its rows are narrow, and
-- half-full pages let them change in place.
CREATE TABLE alert_states (
    alert_id uuid NOT NULL,
    org_id uuid NOT NULL,
    state jsonb NOT NULL,
    wake_at timestamp with time zone,
    updated_at timestamp with time zone
) WITH (fillfactor = 50);
CREATE TABLE alert_runs (
    alert_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    org_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    "values" jsonb NOT NULL,
    more bigint NOT NULL,
    error_code text NOT NULL,
    error_text text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL
);
CREATE TABLE alert_events (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    episode_id text NOT NULL,
    user_id text NOT NULL,
    text text NOT NULL
);
CREATE TABLE alert_episodes (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    keys jsonb NOT NULL,
    value double precision,
    acked_at timestamp with time zone,
    acked_by text NOT NULL,
    finding jsonb
);
ALTER TABLE ONLY alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY alert_schedules
    ADD CONSTRAINT alert_schedules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY alert_states
    ADD CONSTRAINT alert_states_pkey PRIMARY KEY (alert_id);
ALTER TABLE ONLY alert_runs
    ADD CONSTRAINT alert_runs_pkey PRIMARY KEY (alert_id, at);
ALTER TABLE ONLY alert_events
    ADD CONSTRAINT alert_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY alert_episodes
    ADD CONSTRAINT alert_episodes_pkey PRIMARY KEY (id);
CREATE INDEX alerts_list ON alerts USING btree (org_id, updated_at DESC);
CREATE INDEX alerts_due ON alerts USING btree (org_id, cron, time_zone, jitter_seconds, catch_up_minutes, connection_id, id) WHERE (status = 'active'::text);
CREATE UNIQUE INDEX alert_schedules_key ON alert_schedules USING btree (org_id, cron, time_zone, jitter_seconds, catch_up_minutes);
CREATE INDEX alert_schedules_open ON alert_schedules USING btree (checked_at) WHERE (version <> applied);
CREATE INDEX alert_states_wake ON alert_states USING btree (wake_at) WHERE (wake_at IS NOT NULL);
CREATE INDEX alert_runs_at ON alert_runs USING brin (at);
CREATE INDEX alert_events_list ON alert_events USING btree (alert_id, at DESC);
CREATE INDEX alert_episodes_list ON alert_episodes USING btree (alert_id, started_at DESC);

ALTER TABLE alerts ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE, ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE,
    ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE SET NULL, ADD FOREIGN KEY (saved_query_id) REFERENCES saved_queries (id) ON DELETE SET NULL;
ALTER TABLE alert_schedules ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE alert_states ADD FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE;
ALTER TABLE alert_runs ADD FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE;
ALTER TABLE alert_events ADD FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE;
ALTER TABLE alert_episodes ADD FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE;

GRANT SELECT, INSERT, UPDATE, DELETE ON alerts, alert_schedules, alert_states, alert_runs, alert_events, alert_episodes TO datamind_app;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts TO datamind_app USING (app_sees(org_id));
ALTER TABLE alert_schedules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_schedules TO datamind_app USING (app_sees(org_id));
ALTER TABLE alert_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_states TO datamind_app USING (app_sees(org_id));
ALTER TABLE alert_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_runs TO datamind_app USING (app_sees(org_id));
ALTER TABLE alert_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_events TO datamind_app USING (app_sees(org_id));
ALTER TABLE alert_episodes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alert_episodes TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP TABLE alerts, alert_schedules, alert_states, alert_runs, alert_events, alert_episodes;
