-- Between the parts of one RDN stands " + " (base/dn_print.c); a "+" in a value has "\" before it.
CREATE OR REPLACE FUNCTION dn_values(dn text, type text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT regexp_replace(part[2], '\\(.)', '\1', 'g')
	FROM regexp_matches(replace(dn, ' + ', '+'), '(?:^|, ?|\+)([^=,+\\]+)=((?:[^,+\\]|\\.)*)', 'g') AS part
	WHERE part[1] = type
$$;
