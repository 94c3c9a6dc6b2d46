/* What the files of key requests share. */
#ifndef STORE_KEY_REQUEST_PRIVATE_H
#define STORE_KEY_REQUEST_PRIVATE_H

/* The state of key_request r now. */
#define STORE_KEY_STATE \
	"CASE WHEN r.state IN ('pending', 'approved') AND r.expires_at <= clock_timestamp() " \
	"THEN 'expired' ELSE r.state END"

#endif
