/* What happened, and who is to hear: rows that triggers write in the transaction that they tell of
 * (migration 0011). They are listed by store_list (STORE_LIST_NOTIFICATIONS). docs/notifications.md
 */
#ifndef STORE_NOTIFICATION_H
#define STORE_NOTIFICATION_H

#include "store/store.h"

struct notification {
	int64_t id;
	int64_t created;                    /* UTC seconds */
	char *event;                        /* word of the audit trail: "key.recovery-requested" */
	char *audience;                     /* "owner", "agent", "agents", ... */
	char *recipient;                    /* name; "" where the audience says it */
	enum requester_kind recipient_kind; /* REQUESTER_NONE = not known */
	char *recipient_id; /* of the directory entry; "" = a local user, or nobody's */
	char *object;
	char *language; /* of the request; "" = the recipient's own */
	gh_json *facts;
};
void notification_clear(struct notification *n);

/* Those that nobody has looked at, from the oldest, at most limit and with an id above after. *out:
 * array of *n, each to be cleared. */
int store_waiting_notifications(struct store *s, int64_t after, int limit,
    struct notification **out, size_t *n, struct gh_error *err) GH_MUSTCHECK;
/* Rows that tell of the same event and were written before n, in their order, at most 100. *out as
 * above. */
int store_earlier_notifications(struct store *s, const struct notification *n,
    struct notification **out, size_t *len, struct gh_error *err) GH_MUSTCHECK;
/* One of them by its id. GH_E_NOT_FOUND. */
int store_get_notification(struct store *s, int64_t id, struct notification *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Its mails tell that there are more like it: the fact "more". */
int store_mark_notification(struct store *s, int64_t id, struct gh_error *err) GH_MUSTCHECK;
/* It needs no message of its own, since `why`. */
int store_fold_notification(struct store *s, int64_t id, const char *why,
    struct gh_error *err) GH_MUSTCHECK;
/* It is over without a delivery, since `why`. */
int store_fail_notification(struct store *s, int64_t id, const char *why,
    struct gh_error *err) GH_MUSTCHECK;

/* A test message to an audience, sent as all others: event "test", in one transaction with its
 * audit row (notification.tested) and the wish that the job notify runs now. is_own: to who, and
 * nobody else; else to the administrators. */
int store_test_notification(struct store *s, const struct requester *who, bool is_own,
    struct gh_error *err) GH_MUSTCHECK;

/* Remove at most 1000 that were written more than so many days ago, sent or not, with their
 * deliveries. *removed 0: there are none left. */
int store_remove_notifications(struct store *s, int days, int *removed,
    struct gh_error *err) GH_MUSTCHECK;
/* How many all removals would remove. */
int store_count_old_notifications(struct store *s, int days, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
