/* Audit rows that stand alone: refusals, where nothing else changed. */
#include "store/store_private.h"

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	static const struct store_statement st = {"audit_insert",
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
	struct store_params p = {0};

	store_put_text(&p, a->event);
	store_put_text(&p, a->outcome);
	store_put_text(&p, a->object);
	store_put_actor(&p, a->who, a->request_id, a->detail);
	/* Repeated after a loss: the same refusal twice is better than not at all. */
	return store_do(s, &st, &p, err);
}

int
store_audit_change(struct store *s, const struct requester *who, const char *event,
    const char *name, const char *detail, struct gh_error *err)
{
	const struct store_audit a = {
	    .event = event,
	    .outcome = "success",
	    .who = who,
	    .object = name,
	    .detail = detail,
	};

	return store_audit(s, &a, err);
}
