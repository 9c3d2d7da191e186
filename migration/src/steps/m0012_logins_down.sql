ALTER TABLE refresh_tokens DROP COLUMN used_by;
DROP TABLE login_attempts;
