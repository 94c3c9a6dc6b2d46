-- Who is to be told of what. A row is written in the transaction that it tells of; sending comes later. docs/jobs.md
CREATE TABLE notification (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- tells a message from its repetition
	event        text NOT NULL,         -- the word of the audit trail
	audience     text NOT NULL CHECK (audience IN ('owner', 'agent', 'agents')), -- agents: all who have the role when it is sent
	recipient    text NOT NULL,         -- name; empty: agents
	recipient_id text NOT NULL,         -- id of the directory entry; empty: a local user, or agents
	object       text NOT NULL,
	facts        jsonb NOT NULL,        -- no secret, wrapped or not
	state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
	attempts     int NOT NULL DEFAULT 0,
	created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notification_waiting ON notification (id) WHERE state = 'waiting';
CREATE INDEX notification_recipient ON notification (lower(recipient), id);
CREATE INDEX notification_created ON notification (created_at);

-- What happened to a key request; NULL: nothing that anybody is told.
CREATE FUNCTION key_request_event(old_state text, old_releases int, r key_request) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN old_state IS NULL THEN 'key.recovery-requested'
	  WHEN r.releases > old_releases THEN CASE WHEN old_releases = 0 THEN 'key.recovered' ELSE 'key.recovered-again' END
	  WHEN r.state <> old_state THEN 'key.recovery-' || r.state END $$;

-- Owner and agents of a key hear of each step. Nothing that stands in other rows makes this fail: what cannot be read is left
-- out, since a message must not keep anybody from a key.
CREATE FUNCTION key_request_tell(event text, r key_request) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	k      record;
	agents jsonb;
BEGIN
	SELECT uuid, kind, owner, owner_name, owner_id, client_id, policy, certificate_id INTO k
	  FROM archived_key WHERE id = r.key_id;
	SELECT body->'agents' INTO agents FROM kra_policy WHERE name = k.policy;
	IF jsonb_typeof(agents) IS DISTINCT FROM 'array' OR agents = '[]' THEN
		agents := NULL;
	END IF;
	INSERT INTO notification (event, audience, recipient, recipient_id, object, facts)
	SELECT event, t.audience, t.name, t.id, coalesce('key ' || k.uuid, 'key request ' || r.id), jsonb_strip_nulls(jsonb_build_object(
	    'request', r.id, 'key', k.uuid, 'kind', (ARRAY['private_key', 'symmetric_key', 'passphrase'])[k.kind],
	    'client_id', nullif(k.client_id, ''), 'certificate_id', coalesce(r.certificate_id, k.certificate_id),
	    'owner', k.owner_name, 'requester', r.requester, 'comment', r.comment, 'required', r.required, 'approved', r.approvals,
	    'agents', (SELECT jsonb_agg(v.agent ORDER BY v.at, v.agent_id) FROM key_approval v WHERE v.request_id = r.id),
	    'resolved_by', r.resolved_by, 'resolution', r.resolution, 'releases', nullif(r.releases, 0),
	    'expires_at', iso_utc(r.expires_at)))
	FROM (SELECT 'owner' AS audience, k.owner_name AS name, k.owner_id AS id WHERE k.uuid IS NOT NULL
	  UNION ALL SELECT 'agent', coalesce(a->>'name', a->>'id', ''), coalesce(a->>'id', '') FROM jsonb_array_elements(agents) a
	    WHERE lower(a->>'id') IS DISTINCT FROM lower(k.owner)
	  UNION ALL SELECT 'agents', '', '' WHERE agents IS NULL) t;
END $$;

CREATE FUNCTION key_request_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM key_request_tell(key_request_event(NULL, NULL, NEW), NEW);
	IF NEW.state = 'approved' THEN -- by the one agent who asks
		PERFORM key_request_tell('key.recovery-approved', NEW);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER key_request_made AFTER INSERT ON key_request
	FOR EACH ROW WHEN (NEW.type = 'recovery') EXECUTE FUNCTION key_request_made();

CREATE FUNCTION key_request_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM key_request_tell(key_request_event(OLD.state, OLD.releases, NEW), NEW);
	RETURN NULL;
END $$;
CREATE TRIGGER key_request_changed AFTER UPDATE OF state, releases ON key_request
	FOR EACH ROW WHEN (NEW.type = 'recovery' AND (NEW.state <> OLD.state OR NEW.releases > OLD.releases))
	EXECUTE FUNCTION key_request_changed();
