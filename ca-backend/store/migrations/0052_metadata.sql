-- What else a metadata field may say (docs/metadata.md). NULL: display_order 0, allow_api true, explicit_update false; rows
-- from before have the MAC that they had (ca-backend/store/grant/grant_table.c).
ALTER TABLE metadata_field
	ADD COLUMN description     text,
	ADD COLUMN display_order   int,
	ADD COLUMN allow_api       boolean,
	ADD COLUMN explicit_update boolean;
