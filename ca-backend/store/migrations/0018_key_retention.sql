-- Archived keys whose time is over are destroyed: the row stays, the stored form goes (docs/kra.md).
ALTER TABLE archived_key DROP CONSTRAINT archived_key_state_check;
ALTER TABLE archived_key ADD CONSTRAINT archived_key_state_check CHECK (state IN ('active', 'inactive', 'pending', 'destroyed'));
ALTER TABLE archived_key ADD CONSTRAINT archived_key_destroyed_check CHECK (state <> 'destroyed' OR stored = '');
-- Since when it is in its state. Of what was made inactive before this column was there: since now.
ALTER TABLE archived_key ADD COLUMN state_at timestamptz NOT NULL DEFAULT now();
-- Which certificates a key has: it is kept for the last of them.
CREATE INDEX certificate_spki ON certificate (spki_sha256);
