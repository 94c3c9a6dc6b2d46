/* What each client got of its packages, and what it answered. Times are microseconds UTC of the
 * database's clock, which all nodes share. */
#ifndef STORE_PACKAGE_DELIVERY_H
#define STORE_PACKAGE_DELIVERY_H

#include "der.h"
#include "store/store.h"

/* Objects of keys that were made here begin so: "key/HEX". */
#define STORE_KEY_OBJECT "key/"

#define STORE_DELIVERY_OBJECT_SIZE 40 /* of all but keys that were made here */
struct store_delivery {
	char object[STORE_DELIVERY_OBJECT_SIZE];
	int64_t first, last, answered; /* answered 0: not yet */
};
/* What a client got, but for keys that were made here. */
struct store_deliveries {
	int64_t now;
	bool wants_key_answer; /* to such a key, of the last 7 days */
	struct store_delivery *row;
	size_t n;
};
int store_load_deliveries(struct store *s, const char *client, struct store_deliveries *out,
    struct gh_error *err) GH_MUSTCHECK;
void store_deliveries_clear(struct store_deliveries *d); /* accepts a zeroed one */

/* Before the answer is sent: the client may have it from now on. object: "package/7" and the like.
 * The first time also in the audit trail. */
int store_record_delivery(struct store *s, const struct requester *who, const char *client,
    const char *object, const char *request_id, struct gh_error *err) GH_MUSTCHECK;

struct store_package_answer {
	const char *word; /* "receipt", "confirmed" or "error" */
	unsigned code;
	bool is_signed;
	struct gh_der der; /* as it came */
};
/* The newest answer counts. *is_new false: it is the one that is on record; nothing is done.
 * GH_E_NOT_FOUND: the client has not fetched that. */
int store_record_answer(struct store *s, const struct requester *who, const char *client,
    const char *object, const struct store_package_answer *answer, const char *request_id,
    bool *is_new, struct gh_error *err) GH_MUSTCHECK;

struct store_delivery_filter {
	int64_t after_id; /* 0 = from the start */
	int limit;
	bool newest_first;
	const char *object, *client; /* client: a name, in any case; NULL: all */
};
/* [{"id","client","object","first_at","last_at","downloads","answer"|null,"answer_code","signed",
 *   "answered_at"}], in the order in which they were first fetched. *next: after_id of the next
 * page; 0 = this was the last. */
int store_page_deliveries(struct store *s, const struct store_delivery_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

/* Remove a page of rows of which nothing happened for so many days; those of packages that are
 * there stay. *removed 0: there are none left. */
int store_remove_deliveries(struct store *s, int days, int *removed,
    struct gh_error *err) GH_MUSTCHECK;
int store_count_old_deliveries(struct store *s, int days, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
