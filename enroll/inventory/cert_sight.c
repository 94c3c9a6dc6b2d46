/* Who sees which certificate. See cert_sight.h. */
#include <stdlib.h>
#include <string.h>

#include "authority/revoke.h"
#include "log.h"
#include "timestamp.h"

#include "cert_sight.h"
#include "query_parse.h"

static struct cert_node *
own_name(const struct requester *who)
{
	struct cert_node *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	*n = (struct cert_node){.column = CERT_COL_REQUESTER, .text = strdup(who->name)};
	if (n->text != NULL)
		return n;
	free(n);
	return NULL;
}

/* Takes both, whatever comes back; NULL: no memory. */
static struct cert_node *
join(struct cert_node *left, struct cert_node *right)
{
	struct cert_node *n = left != NULL && right != NULL ? calloc(1, sizeof(*n)) : NULL;

	if (n == NULL) {
		cert_node_free(left);
		cert_node_free(right);
		return NULL;
	}
	*n = (struct cert_node){.kind = CERT_OR, .left = left, .right = right};
	return n;
}

/* *shown: of those before it, or NULL; the new one besides. One whose field is gone shows nothing.
 */
static int
add_rule(const struct query_env *env, const struct view_rule *r, struct cert_node **shown,
    struct gh_error *err)
{
	struct cert_node *n;
	struct gh_error why;
	int rc = query_parse(r->query, env, &n, &why);

	if (rc == GH_E_NOMEM)
		return gh_fail(err, rc, "view rule");
	if (rc != 0) {
		gh_log_kv(GH_LOG_WARN, "view rule shows nothing", "rule", r->name, "cause",
		    why.message, NULL);
		return 0;
	}
	*shown = *shown == NULL ? n : join(*shown, n);
	return *shown != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "view rule");
}

static int
add_rules(const struct catalog *c, const struct requester *who, const struct dir_entry *entry,
    struct cert_node **shown, struct gh_error *err)
{
	const struct query_env env = {.field = c->field,
	    .fields = c->fields,
	    .me = who->name,
	    .now = gh_now()};
	size_t taken = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->views.n; i++) {
		const struct view_rule *r = &c->views.rule[i];

		if (!dir_entry_is_member(entry, r->group))
			continue;
		if (taken == VIEW_RULES_MAX_GROUP) {
			gh_log_kv(GH_LOG_WARN, "more view rules than count for one person", "user",
			    who->name, "rule", r->name, NULL);
			break;
		}
		rc = add_rule(&env, r, shown, err);
		taken++;
	}
	return rc;
}

int
cert_sight(const struct catalog *c, const struct requester *who, const struct dir_entry *entry,
    struct cert_view *out, struct gh_error *err)
{
	struct cert_node *shown = NULL;
	int rc;

	*out = (struct cert_view){.is_all = revoke_sees_all(who), .owner = who};
	if (out->is_all || entry == NULL || !who->has_groups)
		return 0;
	rc = add_rules(c, who, entry, &shown, err);
	if (rc == 0 && shown != NULL) {
		out->reach = join(own_name(who), shown);
		return out->reach != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "view rules");
	}
	cert_node_free(shown);
	return rc;
}

int
cert_sight_has(struct store *store, const struct catalog *c, const struct requester *who,
    const struct dir_entry *entry, const struct store_cert_status *cert, bool *out,
    struct gh_error *err)
{
	struct cert_view v;
	int rc = cert_sight(c, who, entry, &v, err);

	*out = rc == 0 && (v.is_all || revoke_is_owner(who, cert));
	if (rc == 0 && !*out)
		rc = store_cert_is_shown(store, &v, cert->id, out, err);
	cert_view_clear(&v);
	return rc;
}
