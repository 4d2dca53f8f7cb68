-- The role and the two databases of a Temporal server that keeps its state in
-- this PostgreSQL. A superuser runs this once; not needed with a Temporal
-- cluster that exists already:
--
--   TEMPORAL_DB_PASSWORD=… psql -v ON_ERROR_STOP=1 -f deploy/postgres/20-temporal.sql
\set ON_ERROR_STOP on
\getenv temporal_password TEMPORAL_DB_PASSWORD

CREATE ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE temporal_visibility OWNER temporal ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE temporal, temporal_visibility FROM PUBLIC;
