-- The local user of EST that a certificate goes back to, by renewals; under the MAC of the request, with its label.
ALTER TABLE request ADD COLUMN est_user bigint;
