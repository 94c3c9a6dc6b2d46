-- For a search of the inventory by subject, SAN or metadata that no statement makes: docs/performance.md has the statement
-- of each index that is left. Two of these are GIN, the dearest kind to write. The search will bring those that it needs.
DROP INDEX certificate_subject;
DROP INDEX certificate_sans;
DROP INDEX certificate_metadata;
