-- +goose Up
-- A result's rows are blocks of block_rows rows, each compressed on its own;
-- block_ends says where in the bytes each ends. 0 rows: the older form, one
-- block of them all. Stored plain, a part of the bytes is read without the rest.
ALTER TABLE results ADD COLUMN block_rows bigint DEFAULT 0 NOT NULL, ADD COLUMN block_ends jsonb;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTERNAL;

-- +goose Down
DELETE FROM results WHERE block_rows > 0;
ALTER TABLE results ALTER COLUMN rows SET STORAGE EXTENDED;
ALTER TABLE results DROP COLUMN block_rows, DROP COLUMN block_ends;
