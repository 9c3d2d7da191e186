-- Bytes of uploaded images leave the store once nothing refers to them.

-- Keys that nothing may refer to: of uploads under way, and of assets that were deleted.
CREATE TABLE unreferenced_media (
    media_key  text PRIMARY KEY,
    -- When an upload last brought these bytes, or an asset last let go of them. They go a grace period after that.
    touched_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX unreferenced_media_age ON unreferenced_media (touched_at);

-- Who refers to a key, and which rows are to be dropped.
CREATE INDEX assets_of_media_key ON assets (media_key);
CREATE INDEX assets_of_thumbnail_key ON assets (thumbnail_key);
CREATE INDEX assets_deleted ON assets (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX projects_deleted ON projects (id) WHERE deleted_at IS NOT NULL;
