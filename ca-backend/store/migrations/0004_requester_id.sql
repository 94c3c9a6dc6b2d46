-- The entry that asked, by the number that the directory gave it (objectGUID, entryUUID): names can be given to
-- somebody else. Empty for requests from before, and where the directory numbers nothing.
ALTER TABLE request ADD COLUMN requester_id text NOT NULL DEFAULT '';
