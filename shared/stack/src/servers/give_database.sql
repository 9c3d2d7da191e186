-- Makes the role of the application and gives it the database and everything that is in it, also where a superuser of an
-- earlier version made that. One statement a line: single-user mode reads them so. Running it again changes nothing.
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF; END $$
ALTER ROLE {role} LOGIN NOSUPERUSER {further} NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{password}'
ALTER DATABASE {database} OWNER TO {role}
ALTER SCHEMA public OWNER TO {role}

-- Tables with their indexes and sequences, partitions, and functions.
DO $$ DECLARE it regclass; BEGIN FOR it IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relowner <> '{role}'::regrole LOOP EXECUTE format('ALTER TABLE %s OWNER TO {role}', it); END LOOP; END $$
DO $$ DECLARE it regclass; BEGIN FOR it IN SELECT c.oid FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND relowner <> '{role}'::regrole AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')) LOOP EXECUTE format('ALTER SEQUENCE %s OWNER TO {role}', it); END LOOP; END $$
DO $$ DECLARE it regprocedure; BEGIN FOR it IN SELECT p.oid FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND proowner <> '{role}'::regrole AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') LOOP EXECUTE format('ALTER ROUTINE %s OWNER TO {role}', it); END LOOP; END $$
DO $$ DECLARE it regtype; BEGIN FOR it IN SELECT t.oid FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e') AND typowner <> '{role}'::regrole LOOP EXECUTE format('ALTER TYPE %s OWNER TO {role}', it); END LOOP; END $$

-- Nobody logs in as a superuser.
DO $$ DECLARE it name; BEGIN FOR it IN SELECT rolname FROM pg_roles WHERE rolsuper LOOP EXECUTE format('ALTER ROLE %I PASSWORD NULL', it); END LOOP; END $$
