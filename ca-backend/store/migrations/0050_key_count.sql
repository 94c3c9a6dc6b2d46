-- Keys that were made for callers of EST (docs/est.md), in the hour that began with `since`. Grants nothing.
CREATE TABLE key_count (
	caller text PRIMARY KEY,      -- of the label, then enroll/package/package_client.h
	since  timestamptz NOT NULL,
	made   integer NOT NULL
);
