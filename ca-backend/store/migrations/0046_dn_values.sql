-- The values of one type in a distinguished name as the inventory writes it (RFC 4514: ", " and "+" between,
-- "\\" before what would mean something): dn_values('CN=a, OU=b+OU=c', 'OU') is b and c.
CREATE FUNCTION dn_values(dn text, type text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT regexp_replace(part[2], '\\(.)', '\1', 'g')
	FROM regexp_matches(dn, '(?:^|, ?|\+)([^=,+\\]+)=((?:[^,+\\]|\\.)*)', 'g') AS part
	WHERE lower(part[1]) = lower(type)
$$;
