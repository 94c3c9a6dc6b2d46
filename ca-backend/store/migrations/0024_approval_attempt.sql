-- Wrong approval passwords of a CA, for each person who tried. The right one removes his row. docs/approval.md
CREATE TABLE approval_attempt (
	ca_id        bigint NOT NULL REFERENCES ca ON DELETE CASCADE,
	requester    text NOT NULL,           -- kind, and id of the directory entry or name
	attempts     int NOT NULL,            -- since the last lockout
	lockouts     int NOT NULL,            -- in a row: each is longer than the one before
	locked_until timestamptz,
	at           timestamptz NOT NULL DEFAULT now(), -- of the last wrong one
	PRIMARY KEY (ca_id, requester)
);
