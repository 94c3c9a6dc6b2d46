-- Mail for whoever is named in a request, and for groups of templates when something is issued at once.
ALTER TABLE request ADD COLUMN tells boolean;        -- its template names groups that hear of what is issued at once; NULL: none
ALTER TABLE notification ADD COLUMN language text NOT NULL DEFAULT ''; -- of the request; empty: that of the recipient

CREATE OR REPLACE FUNCTION request_facts(r request) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
	  'request', r.id, 'requester', r.requester, 'application', nullif(r.app_name, ''), 'template', r.template,
	  'purpose', r.purpose, 'ca', r.ca_name, 'submitted_at', iso_utc(r.submitted_at), 'message', nullif(r.message, ''),
	  'resolved_by', r.resolved_by, 'certificate_id', c.id, 'serial', hex_upper(c.serial), 'subject', c.subject,
	  'not_after', iso_utc(c.not_after)))
	FROM (SELECT) one LEFT JOIN certificate c ON c.id = r.certificate_id $$;

-- Officers hear of what waits; the requester of what became of it; the address that he gave of both.
CREATE OR REPLACE FUNCTION request_tell(event text, r request) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, language, object, facts)
	SELECT event, t.audience, t.name, t.id, t.kind, t.language, 'request ' || r.id, request_facts(r)
	FROM (SELECT 'officers' AS audience, '' AS name, '' AS id, NULL::int AS kind, '' AS language
	    WHERE r.disposition = 9
	  UNION ALL SELECT 'requester', r.requester, r.requester_id, r.requester_kind, left(coalesce(r.language, ''), 35)
	    WHERE r.disposition <> 9 AND event <> 'enroll.issued' AND r.requester_kind IN (1, 2)
	  UNION ALL SELECT 'address', r.email, '', NULL, left(coalesce(r.language, ''), 35)
	    WHERE length(r.email) BETWEEN 1 AND 254 AND event <> 'request.reminder'
	  UNION ALL SELECT 'group', g, '', NULL, '' FROM template_tells(r.template, event) g) t $$;

CREATE FUNCTION request_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM request_tell('enroll.issued', NEW);
	RETURN NULL;
END $$;
CREATE TRIGGER request_issued AFTER INSERT ON request
	FOR EACH ROW WHEN (NEW.disposition = 20 AND (NEW.email IS NOT NULL OR NEW.tells)) EXECUTE FUNCTION request_issued();

-- The language of the request, where it named one.
CREATE OR REPLACE FUNCTION certificate_tell(event text, cert_id bigint, more jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, language, object, facts)
	SELECT event, t.audience, t.name, t.id, t.kind, t.language, 'certificate ' || c.id, jsonb_strip_nulls(jsonb_build_object(
	    'certificate_id', c.id, 'request', c.request_id, 'serial', hex_upper(c.serial), 'subject', c.subject,
	    'template', c.template, 'requester', c.requester, 'not_after', iso_utc(c.not_after)) || more)
	FROM certificate c LEFT JOIN request r ON r.id = c.request_id
	  CROSS JOIN LATERAL (SELECT 'requester' AS audience, c.requester AS name, coalesce(r.requester_id, '') AS id,
	      r.requester_kind AS kind, left(coalesce(r.language, ''), 35) AS language WHERE r.requester_kind IN (1, 2)
	    UNION ALL SELECT 'group', g, '', NULL, '' FROM template_tells(c.template, event) g) t
	WHERE c.id = cert_id AND c.request_id <> 0 $$;
