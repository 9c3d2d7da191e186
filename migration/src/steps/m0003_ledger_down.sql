DROP TABLE attempts;
DROP FUNCTION ensure_attempt_partitions(integer);
DROP FUNCTION uuid7_floor(timestamptz);
