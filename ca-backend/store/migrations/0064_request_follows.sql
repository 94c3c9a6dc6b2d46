-- Which certificate the one that is asked for takes the place of: told, and decided by nothing.
ALTER TABLE request ADD COLUMN follows bigint;
CREATE INDEX request_follows ON request (follows) WHERE follows IS NOT NULL;
