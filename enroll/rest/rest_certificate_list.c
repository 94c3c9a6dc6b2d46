/* GET /pki/certificates: pages of the inventory, of all for who may read every certificate
 * (revoke_may_read), else of one's own. docs/inventory.md */
#include <string.h>

#include "inventory/query_parse.h"
#include "store/inventory/cert_page.h"
#include "timestamp.h"

#include "rest_certificate.h"
#include "rest_list.h"

enum { QUERY = REST_PAGE_PARAMS_N };
static const char *const names[] = {REST_PAGE_PARAMS, "query", NULL};

/* condition: owned; NULL: all. */
struct asked {
	const struct worker_env *env;
	const struct requester *who;
	struct store_cert_filter filter;
	struct cert_node *condition;
};

static void
read_query(const struct rest_param *p, struct rest_fields *f, struct asked *a)
{
	const struct catalog *catalog = a->env->catalog;
	const struct query_env env = {.field = catalog->field,
	    .fields = catalog->fields,
	    .me = a->who->name,
	    .now = gh_now()};
	struct gh_error err;

	if (p->value != NULL && query_parse(p->value, &env, &a->condition, &err) != 0)
		rest_field_refused(f, p->name, &err);
}

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct asked *a = filter;
	struct rest_paging paging = rest_param_paging(f, p);

	read_query(&p[QUERY], f, a);
	a->filter = (struct store_cert_filter){.after_id = paging.after_id,
	    .limit = paging.limit,
	    .newest_first = paging.newest_first,
	    .condition = a->condition};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct store_cert_filter f = ((const struct asked *)filter)->filter;

	if ((call->requester->roles & ~REQUESTER_ROLE_AGENT) == 0)
		f.owner = call->requester;
	return store_cert_page(env->store, &f, entries, next, err);
}

void
rest_certificate_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct rest_list list = {names, read_filter, read_page};
	struct asked asked = {.env = env, .who = call->requester};

	rest_list_reply(&list, env, call, &asked, rep);
	cert_node_free(asked.condition);
}
