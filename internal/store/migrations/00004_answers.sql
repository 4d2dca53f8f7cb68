-- +goose Up
-- A result's rows are blocks of block_rows rows, each compressed on its own;
-- block_ends says where in the bytes each ends. 0 rows: the older form, one
-- block of them all. Stored plain, a part of the bytes is read without the rest.
ALTER TABLE results ADD COLUMN block_rows bigint DEFAULT 0 NOT NULL, ADD COLUMN block_ends jsonb;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTERNAL;

ALTER TABLE conversations ADD COLUMN shared boolean DEFAULT false NOT NULL, ADD COLUMN archived_at timestamp with time zone;
CREATE INDEX conversations_shared ON conversations USING btree (org_id, updated_at DESC) WHERE shared;

-- +goose Down
ALTER TABLE conversations DROP COLUMN shared, DROP COLUMN archived_at;
DELETE FROM results WHERE block_rows > 0;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTENDED;
ALTER TABLE results DROP COLUMN block_rows, DROP COLUMN block_ends;
