-- +goose Up
ALTER TABLE questions ADD COLUMN arguments jsonb, ADD COLUMN explain boolean DEFAULT false NOT NULL;

CREATE TABLE question_tables (
    question_id uuid NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone
);
CREATE TABLE saved_queries (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    sql text NOT NULL,
    parameters jsonb NOT NULL,
    tables jsonb NOT NULL,
    shared boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE catalog_notes (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    description text NOT NULL,
    synonyms jsonb NOT NULL,
    updated_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE glossary_terms (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    term text NOT NULL,
    meaning text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    condition text NOT NULL,
    qualified text NOT NULL,
    updated_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE metrics (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    expression text NOT NULL,
    filter text NOT NULL,
    qualified text NOT NULL,
    qualified_filter text NOT NULL,
    updated_by uuid NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);
CREATE TABLE catalog_syncs (
    connection_id uuid NOT NULL,
    org_id uuid NOT NULL,
    status text NOT NULL,
    tables bigint DEFAULT 0 NOT NULL,
    error_code text DEFAULT ''::text NOT NULL,
    error_text text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone
);
ALTER TABLE ONLY question_tables
    ADD CONSTRAINT question_tables_pkey PRIMARY KEY (question_id, schema_name, table_name);
ALTER TABLE ONLY saved_queries
    ADD CONSTRAINT saved_queries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY catalog_notes
    ADD CONSTRAINT catalog_notes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY glossary_terms
    ADD CONSTRAINT glossary_terms_pkey PRIMARY KEY (id);
ALTER TABLE ONLY metrics
    ADD CONSTRAINT metrics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY catalog_syncs
    ADD CONSTRAINT catalog_syncs_pkey PRIMARY KEY (connection_id);
CREATE INDEX questions_recent ON questions USING btree (connection_id, created_at DESC);
CREATE INDEX question_tables_use ON question_tables USING btree (connection_id, schema_name, table_name, created_at DESC);
CREATE INDEX saved_queries_list ON saved_queries USING btree (org_id, updated_at DESC);
CREATE UNIQUE INDEX catalog_notes_key ON catalog_notes USING btree (connection_id, schema_name, table_name, column_name);
CREATE UNIQUE INDEX glossary_terms_key ON glossary_terms USING btree (connection_id, term);
CREATE UNIQUE INDEX metrics_key ON metrics USING btree (connection_id, name);

ALTER TABLE question_tables ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE CASCADE;
ALTER TABLE saved_queries ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
ALTER TABLE catalog_notes ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
ALTER TABLE glossary_terms ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
ALTER TABLE metrics ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;
ALTER TABLE catalog_syncs ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE;

GRANT SELECT, INSERT, UPDATE, DELETE ON question_tables, saved_queries, catalog_notes, glossary_terms, metrics, catalog_syncs TO datamind_app;
ALTER TABLE question_tables ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON question_tables TO datamind_app USING (app_sees(org_id));
ALTER TABLE saved_queries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON saved_queries TO datamind_app USING (app_sees(org_id));
ALTER TABLE catalog_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON catalog_notes TO datamind_app USING (app_sees(org_id));
ALTER TABLE glossary_terms ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON glossary_terms TO datamind_app USING (app_sees(org_id));
ALTER TABLE metrics ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON metrics TO datamind_app USING (app_sees(org_id));
ALTER TABLE catalog_syncs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON catalog_syncs TO datamind_app USING (app_sees(org_id));

-- +goose Down
DROP INDEX questions_recent;
DROP TABLE question_tables, saved_queries, catalog_notes, glossary_terms, metrics, catalog_syncs;
ALTER TABLE questions DROP COLUMN arguments, DROP COLUMN explain;
