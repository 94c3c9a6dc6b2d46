-- What watches endpoints looks a few times a minute, and through no table: those that fail, and those whose certificate ends.
ALTER TABLE scan_sighting ADD COLUMN not_after timestamptz; -- that of its certificate, which stays as it is
UPDATE scan_sighting s SET not_after = c.not_after FROM certificate c WHERE c.id = s.certificate_id;
CREATE INDEX scan_sighting_ends ON scan_sighting (not_after) WHERE is_current;
CREATE INDEX scan_endpoint_failing ON scan_endpoint (id) WHERE error IS NOT NULL;
