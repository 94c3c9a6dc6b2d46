-- A control character is "\" and two hexadecimal digits (RFC 4514, 2.4; base/dn_print.c). It stays so in a value, as in the subject
-- that people see: without the "\" it would be another value, which the indexes of common names do not find.
CREATE OR REPLACE FUNCTION dn_values(dn text, type text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT regexp_replace(part[2], '\\([^0-9A-F])', '\1', 'g')
	FROM regexp_matches(replace(dn, ' + ', '+'), '(?:^|, ?|\+)([^=,+\\]+)=((?:[^,+\\]|\\.)*)', 'g') AS part
	WHERE part[1] = type
$$;
