-- Searches of the inventory that people keep by name (docs/inventory.md). They grant nothing: what one finds is what its
-- reader may see.
CREATE TABLE saved_search (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name        text NOT NULL,
	owner       text NOT NULL,
	owner_kind  int NOT NULL,
	owner_id    text NOT NULL, -- of the directory; '' = not known
	is_shared   boolean NOT NULL,
	query       text NOT NULL,
	description text,
	order_by    text,
	direction   text,
	fields      text,
	version     int NOT NULL DEFAULT 1,
	changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	changed_by  text NOT NULL
);
CREATE UNIQUE INDEX saved_search_own ON saved_search (owner_kind, lower(coalesce(nullif(owner_id, ''), owner)), lower(name));
CREATE UNIQUE INDEX saved_search_shared ON saved_search (lower(name)) WHERE is_shared;
