-- +goose Up
-- How fast a channel may be told something: which of its slots are taken. A row
-- for each recipient that a service counts on its own.
CREATE TABLE channel_paces (
    channel_id uuid NOT NULL,
    recipient text NOT NULL,
    org_id uuid NOT NULL,
    last_at timestamp with time zone NOT NULL,
    free_at timestamp with time zone NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE ONLY channel_paces
    ADD CONSTRAINT channel_paces_pkey PRIMARY KEY (channel_id, recipient);
ALTER TABLE channel_paces ADD FOREIGN KEY (channel_id) REFERENCES channels (id) ON DELETE CASCADE;
GRANT SELECT, INSERT, UPDATE, DELETE ON channel_paces TO datamind_app;
ALTER TABLE channel_paces ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON channel_paces TO datamind_app USING (app_sees(org_id));
-- The slot that a delivery waits for, null for none.
ALTER TABLE deliveries ADD COLUMN slot_at timestamp with time zone;

-- +goose Down
ALTER TABLE deliveries DROP COLUMN slot_at;
DROP TABLE channel_paces;
