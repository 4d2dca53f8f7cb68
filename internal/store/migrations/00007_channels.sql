-- +goose Up
CREATE TABLE channels (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    settings jsonb NOT NULL,
    sealed_secret bytea NOT NULL,
    enabled boolean NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
-- A delivery outlives its channel: no reference.
CREATE TABLE deliveries (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    subject text NOT NULL,
    episode text NOT NULL,
    channel_id uuid NOT NULL,
    channel_name text NOT NULL,
    channel_kind text NOT NULL,
    recipient text NOT NULL,
    key text NOT NULL,
    status text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    tries bigint NOT NULL,
    tries_left bigint NOT NULL,
    message jsonb NOT NULL,
    due_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone NOT NULL,
    claimed_by text NOT NULL,
    claimed_until timestamp with time zone,
    sent_at timestamp with time zone,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE artifacts (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone
);
ALTER TABLE ONLY channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (id);
ALTER TABLE ONLY deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX channels_name ON channels USING btree (org_id, name);
CREATE UNIQUE INDEX deliveries_key ON deliveries USING btree (org_id, key);
CREATE INDEX deliveries_list ON deliveries USING btree (org_id, created_at DESC);
CREATE INDEX deliveries_subject ON deliveries USING btree (org_id, subject, created_at DESC);
-- What is open is little and looked for often.
CREATE INDEX deliveries_open ON deliveries USING btree (due_at) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));
CREATE INDEX artifacts_expiry ON artifacts USING btree (expires_at);
ALTER TABLE channels ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE deliveries ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE artifacts ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON channels, deliveries, artifacts TO datamind_app;
ALTER TABLE channels ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON channels TO datamind_app USING (app_sees(org_id));
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON deliveries TO datamind_app USING (app_sees(org_id));
ALTER TABLE artifacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON artifacts TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP TABLE channels, deliveries, artifacts;
