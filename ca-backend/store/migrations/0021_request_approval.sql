-- Who has agreed to a request for a certificate, where its template wants several officers. docs/approval.md
ALTER TABLE request ADD COLUMN approvals int NOT NULL DEFAULT 0; -- rows of request_approval: counted in the row that is locked
CREATE TABLE request_approval (
	request_id   bigint NOT NULL REFERENCES request ON DELETE CASCADE,
	number       int NOT NULL,            -- 1, 2, ...: in their order
	officer_kind int NOT NULL,
	officer      text NOT NULL,
	officer_dn   text NOT NULL,
	officer_id   text NOT NULL,           -- id of the directory entry; empty: a local user
	comment      text,
	at           timestamptz NOT NULL,
	mac          bytea NOT NULL,          -- over the request's own and all of this
	PRIMARY KEY (request_id, number)
);
