-- +goose Up
CREATE TABLE dashboards (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    sharing text NOT NULL,
    version bigint NOT NULL,
    spec jsonb NOT NULL,
    updated_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE dashboard_versions (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    version bigint NOT NULL,
    spec jsonb NOT NULL,
    user_id uuid NOT NULL,
    user_name text NOT NULL,
    note text NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE dashboard_views (
    dashboard_id uuid NOT NULL,
    user_id uuid NOT NULL,
    org_id uuid NOT NULL,
    viewed_at timestamp with time zone NOT NULL
);
CREATE TABLE public_links (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    "values" jsonb NOT NULL,
    created_by uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone
);
-- A cache: what is deleted here is read again.
CREATE TABLE tile_results (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    key text NOT NULL,
    rights text NOT NULL,
    connection_id uuid NOT NULL,
    sql text NOT NULL,
    arguments jsonb,
    narrow jsonb,
    requested_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    ran_at timestamp with time zone,
    failed_at timestamp with time zone,
    error_code text DEFAULT ''::text NOT NULL,
    error_text text DEFAULT ''::text NOT NULL,
    columns jsonb,
    rows bytea,
    block_rows bigint DEFAULT 0 NOT NULL,
    block_ends jsonb,
    row_count bigint DEFAULT 0 NOT NULL,
    truncated boolean DEFAULT false NOT NULL,
    query_ms bigint DEFAULT 0 NOT NULL,
    chart jsonb,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
ALTER TABLE tile_results ALTER COLUMN rows SET STORAGE EXTERNAL;
ALTER TABLE ONLY dashboards
    ADD CONSTRAINT dashboards_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dashboard_versions
    ADD CONSTRAINT dashboard_versions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dashboard_views
    ADD CONSTRAINT dashboard_views_pkey PRIMARY KEY (dashboard_id, user_id);
ALTER TABLE ONLY public_links
    ADD CONSTRAINT public_links_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tile_results
    ADD CONSTRAINT tile_results_pkey PRIMARY KEY (id);
CREATE INDEX dashboards_list ON dashboards USING btree (org_id, updated_at DESC);
CREATE UNIQUE INDEX dashboard_versions_key ON dashboard_versions USING btree (dashboard_id, version);
CREATE INDEX idx_dashboard_views_user_id ON dashboard_views USING btree (user_id);
CREATE UNIQUE INDEX idx_public_links_token_hash ON public_links USING btree (token_hash);
CREATE INDEX idx_public_links_dashboard_id ON public_links USING btree (dashboard_id);
CREATE UNIQUE INDEX tile_results_key ON tile_results USING btree (org_id, key);
CREATE INDEX idx_tile_results_updated_at ON tile_results USING btree (updated_at);
ALTER TABLE dashboards ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE dashboard_versions ADD FOREIGN KEY (dashboard_id) REFERENCES dashboards (id) ON DELETE CASCADE;
ALTER TABLE dashboard_views ADD FOREIGN KEY (dashboard_id) REFERENCES dashboards (id) ON DELETE CASCADE;
ALTER TABLE public_links ADD FOREIGN KEY (dashboard_id) REFERENCES dashboards (id) ON DELETE CASCADE;
ALTER TABLE tile_results ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON dashboards, dashboard_versions, dashboard_views, public_links, tile_results TO datamind_app;
ALTER TABLE dashboards ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dashboards TO datamind_app USING (app_sees(org_id));
ALTER TABLE dashboard_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dashboard_versions TO datamind_app USING (app_sees(org_id));
ALTER TABLE dashboard_views ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dashboard_views TO datamind_app USING (app_sees(org_id));
ALTER TABLE public_links ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public_links TO datamind_app USING (app_sees(org_id));
ALTER TABLE tile_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tile_results TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP TABLE tile_results, public_links, dashboard_views, dashboard_versions, dashboards;
