-- How many certificates a server sent behind those that chain has room for; and an index for who takes a certificate out, which
-- chains name.
ALTER TABLE scan_sighting ADD COLUMN chain_more int NOT NULL DEFAULT 0;
-- Without a list of entries that wait: a long one makes the planner read the table instead.
CREATE INDEX scan_sighting_chain ON scan_sighting USING gin (chain) WITH (fastupdate = off);
