-- How far the audit trail has been sent to the syslog collector (docs/monitoring.md#syslog). Grants nothing.
CREATE TABLE syslog_cursor (
	one      boolean PRIMARY KEY DEFAULT true CHECK (one),
	seal_id  bigint NOT NULL,      -- rows go out by seal and position: the order in which they cannot change any more
	position bigint NOT NULL,      -- of the next one
	moved_at timestamptz NOT NULL DEFAULT now()
);
