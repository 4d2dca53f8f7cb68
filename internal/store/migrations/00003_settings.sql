-- +goose Up
CREATE TABLE model_endpoints (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    preset text NOT NULL,
    base_url text NOT NULL,
    model text NOT NULL,
    sealed_key bytea NOT NULL,
    api_version text NOT NULL,
    position bigint NOT NULL,
    enabled boolean NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE invitations (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    token_hash bytea NOT NULL,
    invited_by uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone
);
ALTER TABLE ONLY model_endpoints
    ADD CONSTRAINT model_endpoints_pkey PRIMARY KEY (id);
ALTER TABLE ONLY invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX model_endpoints_name ON model_endpoints USING btree (org_id, name);
CREATE UNIQUE INDEX idx_invitations_token_hash ON invitations USING btree (token_hash);
CREATE INDEX invitations_list ON invitations USING btree (org_id, created_at DESC);
ALTER TABLE model_endpoints ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE invitations ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON model_endpoints, invitations TO datamind_app;
ALTER TABLE model_endpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON model_endpoints TO datamind_app USING (app_sees(org_id));
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invitations TO datamind_app USING (app_sees(org_id));

ALTER TABLE questions ADD COLUMN model text DEFAULT ''::text NOT NULL;
ALTER TABLE orgs ADD COLUMN member_token_budget bigint DEFAULT 0 NOT NULL;
ALTER TABLE sessions ADD COLUMN by_link boolean DEFAULT false NOT NULL;
-- Who it was, for when they are a member no more.
ALTER TABLE audit_events ADD COLUMN actor_name text DEFAULT ''::text NOT NULL, ADD COLUMN actor_email text DEFAULT ''::text NOT NULL;
UPDATE audit_events e SET actor_name = u.name, actor_email = u.email FROM users u WHERE u.id = e.user_id;

-- +goose Down
ALTER TABLE audit_events DROP COLUMN actor_name, DROP COLUMN actor_email;
ALTER TABLE sessions DROP COLUMN by_link;
ALTER TABLE orgs DROP COLUMN member_token_budget;
ALTER TABLE questions DROP COLUMN model;
DROP TABLE model_endpoints, invitations;
