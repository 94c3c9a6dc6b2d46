-- The operation of EST that a request came by: its outcome is fetched there (RFC 8295, 9). NULL: it came otherwise, or before this was recorded.
ALTER TABLE request ADD COLUMN operation text;
