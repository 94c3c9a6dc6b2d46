-- Of a request for recovery: what is asked, of whom, and who must agree; of an approval: that an agent gave it, to this request.
ALTER TABLE key_request ADD COLUMN mac bytea;
ALTER TABLE key_approval ADD COLUMN mac bytea;
