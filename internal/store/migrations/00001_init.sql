-- +goose Up
CREATE TABLE api_keys (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL,
    scopes jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone
);
CREATE TABLE audit_events (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    action text NOT NULL,
    target_id text NOT NULL,
    detail jsonb NOT NULL,
    ip text NOT NULL,
    request_id text NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE catalog_snapshots (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    fingerprint text NOT NULL,
    catalog bytea NOT NULL,
    table_count bigint NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE connections (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    host text NOT NULL,
    port bigint NOT NULL,
    database_name text NOT NULL,
    username text NOT NULL,
    sealed_password bytea NOT NULL,
    tls_mode text NOT NULL,
    tls_ca text NOT NULL,
    schemas jsonb NOT NULL,
    timeout_seconds bigint NOT NULL,
    max_rows bigint NOT NULL,
    sample boolean DEFAULT false NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE conversations (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE memberships (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE orgs (
    id uuid NOT NULL,
    name text NOT NULL,
    token_budget bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE question_steps (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    question_id uuid NOT NULL,
    run bigint NOT NULL,
    kind text NOT NULL,
    attempt bigint NOT NULL,
    status text NOT NULL,
    tries bigint DEFAULT 1 NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    input_digest text DEFAULT ''::text NOT NULL,
    output jsonb,
    prompt_version text DEFAULT ''::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    error_code text DEFAULT ''::text NOT NULL,
    error_text text DEFAULT ''::text NOT NULL,
    ms bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);
CREATE TABLE questions (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    user_id uuid NOT NULL,
    text text NOT NULL,
    status text NOT NULL,
    idempotency_key text NOT NULL,
    run bigint DEFAULT 1 NOT NULL,
    run_id text DEFAULT ''::text NOT NULL,
    planner text DEFAULT ''::text NOT NULL,
    sql text DEFAULT ''::text NOT NULL,
    understanding text DEFAULT ''::text NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    numbers jsonb,
    chart jsonb,
    facts jsonb,
    result_id uuid,
    prompt jsonb,
    error_code text DEFAULT ''::text NOT NULL,
    error_text text DEFAULT ''::text NOT NULL,
    active_ms bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    ended_at timestamp with time zone
);
CREATE TABLE results (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    question_id uuid NOT NULL,
    run bigint NOT NULL,
    attempt bigint NOT NULL,
    columns jsonb NOT NULL,
    rows bytea NOT NULL,
    row_count bigint NOT NULL,
    truncated boolean DEFAULT false NOT NULL,
    query_ms bigint NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE sessions (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    refresh_hash bytea NOT NULL,
    previous_hash bytea,
    rotated_at timestamp with time zone NOT NULL,
    user_agent text NOT NULL,
    ip text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone
);
CREATE TABLE sign_in_links (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone
);
CREATE TABLE token_usages (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    question_id uuid NOT NULL,
    key text NOT NULL,
    state text NOT NULL,
    reserved bigint NOT NULL,
    used bigint DEFAULT 0 NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    tokens_valid_from timestamp with time zone NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY catalog_snapshots
    ADD CONSTRAINT catalog_snapshots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (id);
ALTER TABLE ONLY conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (org_id, user_id);
ALTER TABLE ONLY orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY question_steps
    ADD CONSTRAINT question_steps_pkey PRIMARY KEY (id);
ALTER TABLE ONLY questions
    ADD CONSTRAINT questions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY results
    ADD CONSTRAINT results_pkey PRIMARY KEY (id);
ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (id);
ALTER TABLE ONLY token_usages
    ADD CONSTRAINT token_usages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX api_keys_list ON api_keys USING btree (org_id, created_at DESC);
CREATE INDEX audit_list ON audit_events USING btree (org_id, created_at DESC);
CREATE INDEX catalog_latest ON catalog_snapshots USING btree (connection_id, taken_at DESC);
CREATE INDEX connections_list ON connections USING btree (org_id, created_at DESC);
CREATE UNIQUE INDEX connections_name ON connections USING btree (org_id, name);
CREATE INDEX conversations_list ON conversations USING btree (org_id, user_id, updated_at DESC);
CREATE UNIQUE INDEX idx_api_keys_hash ON api_keys USING btree (hash);
CREATE INDEX idx_memberships_user_id ON memberships USING btree (user_id);
CREATE INDEX idx_sessions_org_id ON sessions USING btree (org_id);
CREATE INDEX idx_sessions_user_id ON sessions USING btree (user_id);
CREATE INDEX idx_sign_in_links_org_id ON sign_in_links USING btree (org_id);
CREATE UNIQUE INDEX idx_sign_in_links_token_hash ON sign_in_links USING btree (token_hash);
CREATE INDEX idx_token_usages_question_id ON token_usages USING btree (question_id);
CREATE UNIQUE INDEX idx_users_email ON users USING btree (email);
CREATE UNIQUE INDEX question_steps_key ON question_steps USING btree (question_id, run, kind, attempt);
CREATE UNIQUE INDEX questions_idempotency ON questions USING btree (org_id, idempotency_key);
CREATE INDEX questions_list ON questions USING btree (conversation_id, created_at);
CREATE INDEX questions_open ON questions USING btree (status) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text, 'clarify'::text, 'approve'::text]));
CREATE UNIQUE INDEX results_key ON results USING btree (question_id, run, attempt);
CREATE UNIQUE INDEX token_usages_key ON token_usages USING btree (org_id, key);
CREATE INDEX token_usages_month ON token_usages USING btree (org_id, created_at);

ALTER TABLE memberships ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE, ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE sessions ADD FOREIGN KEY (org_id, user_id) REFERENCES memberships (org_id, user_id) ON DELETE CASCADE;
ALTER TABLE sign_in_links ADD FOREIGN KEY (org_id, user_id) REFERENCES memberships (org_id, user_id) ON DELETE CASCADE;
ALTER TABLE api_keys ADD FOREIGN KEY (org_id, user_id) REFERENCES memberships (org_id, user_id) ON DELETE CASCADE;
ALTER TABLE connections ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE catalog_snapshots ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
ALTER TABLE conversations ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE, ADD FOREIGN KEY (connection_id) REFERENCES connections (id);
ALTER TABLE questions ADD FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE;
ALTER TABLE question_steps ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE CASCADE;
ALTER TABLE results ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE CASCADE;
ALTER TABLE token_usages ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;
ALTER TABLE audit_events ADD FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE;

-- The application's role owns nothing: row-level security holds for it. Its
-- password and right to log in are given where the stack is set up.
-- +goose StatementBegin
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'datamind_app') THEN
    CREATE ROLE datamind_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
END $$;
-- +goose StatementEnd
GRANT USAGE ON SCHEMA public TO datamind_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys, catalog_snapshots, connections, conversations, memberships, orgs, question_steps, questions, results, sessions, sign_in_links, token_usages, users TO datamind_app;
GRANT SELECT, INSERT ON audit_events TO datamind_app; -- append only

-- A transaction sees the organisation in app.org_id; app.system is for what
-- happens before an organisation is known. Without either it sees nothing.
-- +goose StatementBegin
CREATE FUNCTION app_sees(org uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT org = nullif(current_setting('app.org_id', true), '')::uuid OR current_setting('app.system', true) = 'on'
$$;
-- +goose StatementEnd
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO datamind_app USING (app_sees(org_id));
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_events TO datamind_app USING (app_sees(org_id));
ALTER TABLE catalog_snapshots ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON catalog_snapshots TO datamind_app USING (app_sees(org_id));
ALTER TABLE connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON connections TO datamind_app USING (app_sees(org_id));
ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON conversations TO datamind_app USING (app_sees(org_id));
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON memberships TO datamind_app USING (app_sees(org_id));
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON orgs TO datamind_app USING (app_sees(id));
ALTER TABLE question_steps ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON question_steps TO datamind_app USING (app_sees(org_id));
ALTER TABLE questions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON questions TO datamind_app USING (app_sees(org_id));
ALTER TABLE results ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON results TO datamind_app USING (app_sees(org_id));
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sessions TO datamind_app USING (app_sees(org_id));
ALTER TABLE sign_in_links ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sign_in_links TO datamind_app USING (app_sees(org_id));
ALTER TABLE token_usages ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON token_usages TO datamind_app USING (app_sees(org_id));
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users TO datamind_app USING (current_setting('app.system', true) = 'on' OR EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND app_sees(m.org_id)));

-- +goose Down
DROP TABLE api_keys, audit_events, catalog_snapshots, connections, conversations, memberships, orgs, question_steps, questions, results, sessions, sign_in_links, token_usages, users CASCADE;
DROP FUNCTION app_sees(uuid);
