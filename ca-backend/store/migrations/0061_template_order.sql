-- The search in the order of templates: certificates from elsewhere have none, and a place in an order is no NULL.
DROP INDEX certificate_template;
CREATE INDEX certificate_template ON certificate (lower(coalesce(template, '')), id);
ANALYZE certificate;
