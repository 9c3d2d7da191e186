-- Bytes that wait to be swept stay in the store then.
DROP INDEX projects_deleted;
DROP INDEX assets_deleted;
DROP INDEX assets_of_thumbnail_key;
DROP INDEX assets_of_media_key;
DROP TABLE unreferenced_media;
