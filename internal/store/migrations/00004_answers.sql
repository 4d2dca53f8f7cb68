-- +goose Up
-- A result's rows are blocks of block_rows rows, each compressed on its own;
-- block_ends says where in the bytes each ends. 0 rows: the older form, one
-- block of them all. Stored plain, a part of the bytes is read without the rest.
ALTER TABLE results ADD COLUMN block_rows bigint DEFAULT 0 NOT NULL, ADD COLUMN block_ends jsonb;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTERNAL;

ALTER TABLE conversations ADD COLUMN shared boolean DEFAULT false NOT NULL, ADD COLUMN archived_at timestamp with time zone;
CREATE INDEX conversations_shared ON conversations USING btree (org_id, updated_at DESC) WHERE shared;

ALTER TABLE questions ADD COLUMN corrects uuid, ADD COLUMN verified jsonb;
CREATE TABLE question_feedback (
    question_id uuid NOT NULL,
    user_id uuid NOT NULL,
    org_id uuid NOT NULL,
    vote text NOT NULL,
    comment text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    CONSTRAINT question_feedback_pkey PRIMARY KEY (question_id, user_id)
);
CREATE TABLE verified_questions (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    question_id uuid,
    question text NOT NULL,
    normal text NOT NULL,
    sql text NOT NULL,
    understanding text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    proposed_by uuid NOT NULL,
    verified_by uuid,
    verified_by_name text DEFAULT ''::text NOT NULL,
    verified_at timestamp with time zone,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    CONSTRAINT verified_questions_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX verified_questions_text ON verified_questions USING btree (org_id, connection_id, normal);
ALTER TABLE question_feedback ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE CASCADE;
ALTER TABLE verified_questions ADD FOREIGN KEY (connection_id) REFERENCES connections (id) ON DELETE CASCADE, ADD FOREIGN KEY (question_id) REFERENCES questions (id) ON DELETE SET NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON question_feedback, verified_questions TO datamind_app;
ALTER TABLE question_feedback ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON question_feedback TO datamind_app USING (app_sees(org_id));
ALTER TABLE verified_questions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON verified_questions TO datamind_app USING (app_sees(org_id));

ALTER TABLE question_steps ADD COLUMN trace jsonb;

-- +goose Down
ALTER TABLE question_steps DROP COLUMN trace;
DROP TABLE question_feedback, verified_questions;
ALTER TABLE questions DROP COLUMN corrects, DROP COLUMN verified;
ALTER TABLE conversations DROP COLUMN shared, DROP COLUMN archived_at;
DELETE FROM results WHERE block_rows > 0;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTENDED;
ALTER TABLE results DROP COLUMN block_rows, DROP COLUMN block_ends;
