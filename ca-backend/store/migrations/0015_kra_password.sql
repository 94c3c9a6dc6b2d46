-- Wrong passwords of storage keys are counted as those of CA keys are (docs/kra.md).
ALTER TABLE kra_key ADD COLUMN attempts int NOT NULL DEFAULT 0, ADD COLUMN lockouts int NOT NULL DEFAULT 0,
	ADD COLUMN locked_until timestamptz;
