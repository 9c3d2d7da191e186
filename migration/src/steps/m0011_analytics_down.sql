DROP INDEX attempts_of_user;
ALTER TABLE attempts DROP COLUMN number;
CREATE OR REPLACE FUNCTION ensure_attempt_partitions(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC');
    part text;
BEGIN
    FOR i IN 0..months_ahead LOOP
        part := 'attempts_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF attempts FOR VALUES FROM (%L) TO (%L)', part,
                uuid7_floor(month::timestamp AT TIME ZONE 'UTC'),
                uuid7_floor((month + interval '1 month')::timestamp AT TIME ZONE 'UTC'));
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'attempts'::regclass LOOP
        EXECUTE format('ALTER TABLE %s RESET (fillfactor)', part);
    END LOOP;
END $$;
DROP TABLE metrics;
DROP TABLE segments;
