-- Metadata fields whose values have an index (docs/metadata.md, "Indexes"), which is made and dropped by the command and not here.
-- NULL: none; rows from before have the MAC that they had.
ALTER TABLE metadata_field ADD COLUMN indexed boolean;
