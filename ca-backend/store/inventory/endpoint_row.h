/* Endpoints that a scan has asked, and what they served (docs/inventory.md, "Where they are
 * served"). */
#ifndef STORE_ENDPOINT_ROW_H
#define STORE_ENDPOINT_ROW_H

#include "store/store.h"

#define STORE_SIGHTING_CHAIN_MAX 8

struct store_sighting {
	const char *host, *start, *sni;
	int port;
	const char *error;      /* NULL: it served */
	int64_t certificate_id; /* 0: none, or it could not be taken: error */
	int64_t chain[STORE_SIGHTING_CHAIN_MAX];
	size_t chain_n;
	int chain_more; /* that were sent behind these */
	const char *verify;
	bool ended_process; /* error, and an audit row "endpoint.ended_process": it ended who asked
			     */
	bool stood_still;   /* error: who asked got nowhere */
};
/* *changed: the endpoint serves another certificate than when it was seen last, or one for the
 * first time; an audit row "endpoint.changed" says so. */
int store_note_sighting(struct store *s, const struct requester *who,
    const struct store_sighting *g, bool *changed, struct gh_error *err) GH_MUSTCHECK;

/* Pages by id. entries:
 * {"id","endpoint","host","port","starttls","sni","certificate_id","subject","issuer","not_after","first_seen",
 * "last_seen","tried_at","verify","error","ended_process"}. */
struct store_endpoint_filter {
	int64_t after_id;
	int limit;
	bool newest_first;
	const char *host; /* exact, in any case; NULL: all */
	bool failing;     /* only those whose last try failed */
};
int store_page_endpoints(struct store *s, const struct store_endpoint_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;
/* Those that cost a process when they were asked last: ended_process, or stood_still. entries:
 * {"host","port","start","sni"}. */
int store_list_lossy_endpoints(struct store *s, int limit, gh_json **entries,
    struct gh_error *err) GH_MUSTCHECK;
/* One, with "chain", "chain_more" and "history": the certificates that it had, the newest first, up
 * to 100; "history_more": there are older ones. GH_E_NOT_FOUND. */
int store_get_endpoint(struct store *s, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
