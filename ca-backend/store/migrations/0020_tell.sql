-- What becomes of requests, certificates, CAs and CRLs is told, too: rows of notification, written in the transaction of the
-- step as those of 0011. Nothing that stands in other rows makes a step fail. docs/notifications.md
ALTER TABLE notification DROP CONSTRAINT notification_audience_check;
ALTER TABLE notification ADD CONSTRAINT notification_audience_check CHECK (audience IN
	('owner', 'agent', 'agents', 'officers', 'administrators', 'requester', 'address', 'group'));
-- enum requester_kind of recipient: a local administrator has no entry of his name in the directory. NULL: not known.
ALTER TABLE notification ADD COLUMN recipient_kind int;
-- Rows of one event are those of one transaction: who hears of it twice is told once.
DROP INDEX notification_created;
CREATE INDEX notification_created ON notification (created_at, object);

-- Groups that a template names for an event. A template says what it likes: what is no list of texts is nothing.
CREATE FUNCTION template_tells(template_name text, event text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT DISTINCT g FROM (SELECT body->'notify' AS n FROM template
	    WHERE lower(name) = lower(template_name) AND active AND jsonb_typeof(body->'notify') = 'object') t,
	  LATERAL jsonb_array_elements_text(CASE WHEN jsonb_typeof(n->'groups') = 'array' THEN n->'groups' ELSE '[]' END) g
	WHERE length(g) BETWEEN 1 AND 600
	  AND CASE WHEN n ? 'events' THEN n->'events' @> to_jsonb(event) ELSE event = 'cert.expiring' END $$;

-- --- requests ---------------------------------------------------------------------------------------------------------

-- NULL: it waits on, or nobody is told.
CREATE FUNCTION request_event(disposition int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE disposition WHEN 9 THEN 'enroll.pending' WHEN 20 THEN 'request.approved' WHEN 31 THEN 'request.denied'
	  WHEN 32 THEN 'request.canceled' WHEN 33 THEN 'request.expired' ELSE 'enroll.failed' END $$;

CREATE FUNCTION request_facts(r request) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
	  'request', r.id, 'requester', r.requester, 'application', nullif(r.app_name, ''), 'template', r.template,
	  'submitted_at', iso_utc(r.submitted_at), 'message', nullif(r.message, ''), 'resolved_by', r.resolved_by,
	  'certificate_id', c.id, 'serial', hex_upper(c.serial), 'subject', c.subject, 'not_after', iso_utc(c.not_after)))
	FROM (SELECT) one LEFT JOIN certificate c ON c.id = r.certificate_id $$;

-- Officers hear of what waits; the requester of what became of it.
CREATE FUNCTION request_tell(event text, r request) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, object, facts)
	SELECT event, t.audience, t.name, t.id, t.kind, 'request ' || r.id, request_facts(r)
	FROM (SELECT 'officers' AS audience, '' AS name, '' AS id, NULL::int AS kind WHERE r.disposition = 9
	  UNION ALL SELECT 'requester', r.requester, r.requester_id, r.requester_kind
	    WHERE r.disposition <> 9 AND r.requester_kind IN (1, 2)
	  UNION ALL SELECT 'group', g, '', NULL FROM template_tells(r.template, event) g) t $$;

CREATE FUNCTION request_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM request_tell(request_event(NEW.disposition), NEW);
	RETURN NULL;
END $$;
-- What is issued at once costs no more than these conditions.
CREATE TRIGGER request_waits AFTER INSERT ON request
	FOR EACH ROW WHEN (NEW.disposition = 9) EXECUTE FUNCTION request_changed();
CREATE TRIGGER request_changed AFTER UPDATE OF disposition ON request
	FOR EACH ROW WHEN (OLD.disposition = 9 AND NEW.disposition <> 9) EXECUTE FUNCTION request_changed();

-- --- certificates -----------------------------------------------------------------------------------------------------

-- Who asked for it, and the groups of its template. Without a request it is one of our own, which renews itself.
CREATE FUNCTION certificate_tell(event text, cert_id bigint, more jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, object, facts)
	SELECT event, t.audience, t.name, t.id, t.kind, 'certificate ' || c.id, jsonb_strip_nulls(jsonb_build_object(
	    'certificate_id', c.id, 'request', c.request_id, 'serial', hex_upper(c.serial), 'subject', c.subject,
	    'template', c.template, 'requester', c.requester, 'not_after', iso_utc(c.not_after)) || more)
	FROM certificate c LEFT JOIN request r ON r.id = c.request_id
	  CROSS JOIN LATERAL (SELECT 'requester' AS audience, c.requester AS name, coalesce(r.requester_id, '') AS id,
	      r.requester_kind AS kind WHERE r.requester_kind IN (1, 2)
	    UNION ALL SELECT 'group', g, '', NULL FROM template_tells(c.template, event) g) t
	WHERE c.id = cert_id AND c.request_id <> 0 $$;

CREATE FUNCTION revocation_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM certificate_tell(CASE WHEN NEW.removed_at IS NOT NULL THEN 'cert.unheld' WHEN NEW.reason = 6 THEN 'cert.held'
	    ELSE 'cert.revoked' END, NEW.certificate_id, jsonb_build_object('reason', NEW.reason, 'revoked_by', NEW.revoked_by,
	    'revoked_at', iso_utc(NEW.revoked_at), 'invalidity_date', iso_utc(NEW.invalidity_date), 'comment', NEW.comment));
	RETURN NULL;
END $$;
CREATE TRIGGER revocation_made AFTER INSERT ON revocation FOR EACH ROW EXECUTE FUNCTION revocation_tell();
CREATE TRIGGER revocation_told AFTER UPDATE ON revocation
	FOR EACH ROW WHEN ((NEW.reason, NEW.revoked_at, NEW.removed_at) IS DISTINCT FROM (OLD.reason, OLD.revoked_at, OLD.removed_at))
	EXECUTE FUNCTION revocation_tell();

-- A notice is told once: its row is there once for each certificate and number of days.
CREATE FUNCTION expiry_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM certificate_tell('cert.expiring', certificate_id, jsonb_build_object('days', days)) FROM noted;
	RETURN NULL;
END $$;
CREATE TRIGGER expiry_tell AFTER INSERT ON expiry_notice REFERENCING NEW TABLE AS noted
	FOR EACH STATEMENT EXECUTE FUNCTION expiry_tell();
ALTER TABLE expiry_notice DROP COLUMN sent_at;

-- --- CAs and CRLs -----------------------------------------------------------------------------------------------------

-- What administrators were told of the end of a CA or of its CRLs; another certificate or CRL has another end.
CREATE TABLE ca_notice (
	ca_id      bigint NOT NULL,
	event      text NOT NULL CHECK (event IN ('ca.expiring', 'crl.expiring', 'crl.overdue')),
	ends_at    timestamptz NOT NULL,
	days       int NOT NULL,              -- before the end of a CA; CRL: 0
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (ca_id, event, ends_at, days)
);
CREATE FUNCTION ca_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO notification (event, audience, recipient, recipient_id, object, facts)
	SELECT NEW.event, 'administrators', '', '', 'CA ' || left(c.name, 300), jsonb_strip_nulls(jsonb_build_object(
	    'ca', c.name, 'subject', c.subject, CASE WHEN NEW.event = 'ca.expiring' THEN 'not_after' ELSE 'next_update' END,
	    iso_utc(NEW.ends_at), 'days', nullif(NEW.days, 0)))
	FROM ca c WHERE c.id = NEW.ca_id;
	RETURN NULL;
END $$;
CREATE TRIGGER ca_tell AFTER INSERT ON ca_notice FOR EACH ROW EXECUTE FUNCTION ca_tell();
