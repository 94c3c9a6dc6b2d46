/* Packages as one client sees them: which are his, when he got them, whether he answered. */
#ifndef PACKAGE_LIST_H
#define PACKAGE_LIST_H

#include "dir.h"
#include "package/package_kind.h"
#include "requester.h"
#include "store/package/package_delivery.h"
#include "store/store.h"

/* Who asks. who NULL: nobody knows him; what is for all is his, and no dates are kept. */
struct package_viewer {
	const struct requester *who;
	const struct dir_entry *entry;
};

/* A package; times of its delivery are microseconds UTC, 0: not yet. */
struct package {
	const gh_json *row; /* package_row.h */
	int64_t id;
	enum package_kind kind;
	int64_t size;
	bool wants_receipt;
	bool is_his, is_expired;
	int64_t added; /* seconds */
	int64_t first, last, answered;
};
struct package_list {
	struct package *package; /* of all clients, by id */
	size_t n;
	int64_t now;   /* microseconds UTC */
	gh_json *rows; /* package_row.h */
	struct store_deliveries deliveries;
};

/* GH_E_SEAL: rows were changed past Gatehouse. *out is empty after a failure. */
int package_list_load(struct store *s, const struct package_viewer *viewer,
    struct package_list *out, struct gh_error *err) GH_MUSTCHECK;
void package_list_clear(struct package_list *l);

/* When he first and last got what is no package, as records of delivery call it; microseconds UTC,
 * 0: never. */
void package_list_times(const struct package_list *l, const char *object, int64_t *first,
    int64_t *last);

/* May he get it now? */
bool package_is_open(const struct package *p);

#define PACKAGE_OBJECT_SIZE 32
/* "package/7": in records of delivery. */
char *package_object(int64_t id, char out[PACKAGE_OBJECT_SIZE]);

#endif
