-- Makes the roles of the gateway's database. Safe to run again.
-- Both users act as one owner role, so that either may migrate what the other made.
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE litellm_owner NOLOGIN'
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'litellm_owner') \gexec
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM (VALUES ('litellm_a'), ('litellm_b')) AS wanted (name)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
GRANT litellm_owner TO litellm_a, litellm_b, CURRENT_USER;
ALTER ROLE litellm_a SET ROLE litellm_owner;
ALTER ROLE litellm_b SET ROLE litellm_owner;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO litellm_a, litellm_b;
ALTER DATABASE :"DBNAME" OWNER TO litellm_owner;
