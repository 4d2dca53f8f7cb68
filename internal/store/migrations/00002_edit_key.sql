-- +goose Up
ALTER TABLE questions ADD COLUMN edit_key text DEFAULT ''::text NOT NULL;

-- +goose Down
ALTER TABLE questions DROP COLUMN edit_key;
