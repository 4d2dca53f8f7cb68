-- The roles and the database of the platform. A superuser runs this once:
--
--   OWNER_DB_PASSWORD=… APP_DB_PASSWORD=… psql -v ON_ERROR_STOP=1 -f deploy/postgres/10-datamind.sql
--
-- datamind_owner owns the tables and migrates them. datamind_app is what the
-- API and the workers log in as: it owns nothing, so row-level security holds
-- for it. Its rights on the tables come with `datamind migrate up`.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_DB_PASSWORD
\getenv app_password APP_DB_PASSWORD

CREATE ROLE datamind_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE datamind_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE datamind OWNER datamind_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE datamind FROM PUBLIC;
GRANT CONNECT ON DATABASE datamind TO datamind_app;
