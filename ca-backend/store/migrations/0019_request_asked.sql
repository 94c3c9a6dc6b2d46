-- What a request asks for beside its CSR, and which rule chose the CA. All NULL where its front door asks for none.
ALTER TABLE request
	ADD COLUMN ca_name  text,    -- of the CA that was asked for, or chosen
	ADD COLUMN ca_rule  text,    -- that chose it
	ADD COLUMN validity bigint,  -- seconds; NULL: as the template says
	ADD COLUMN purpose  text,
	ADD COLUMN tenant   text,
	ADD COLUMN email    text,    -- where the answer goes
	ADD COLUMN language text;    -- of that
