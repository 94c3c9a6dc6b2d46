-- CRL numbers begin beyond this one: after a restore the database does not know which ones were given out.
CREATE TABLE crl_number_floor (
	ca_id  bigint PRIMARY KEY,
	number bigint NOT NULL
);
