DROP INDEX attempts_started;
