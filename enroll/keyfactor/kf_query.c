/* QueryString. See kf_query.h. */
#include <string.h>

#include "catalog/catalog.h"

#include "kf_page.h"
#include "kf_query.h"

static bool
is_said(const char *query)
{
	return query != NULL && query[strspn(query, " \t")] != '\0';
}

int
kf_query_check(const struct worker_env *env, const char *query, struct gh_error *err)
{
	const struct query_env q = {.field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .me = "",
	    .is_keyfactor = true};
	struct cert_node *node = NULL;
	int rc = is_said(query) ? query_parse(query, &q, &node, err) : 0;

	cert_node_free(node);
	return rc;
}

void
kf_query_put(struct gh_buf *b, const char *query, bool revoked, bool expired)
{
	static const char *const states[2][2] =
	    {{"State -eq \"active\"", "(State -eq \"active\" OR State -eq \"expired\")"},
		{"State -ne \"expired\"", NULL}};
	const char *state = states[revoked][expired];

	if (!is_said(query) && state == NULL)
		return;
	gh_buf_puts(b, "&query=");
	if (is_said(query)) {
		kf_put_escaped(b, "(");
		kf_put_escaped(b, query);
		kf_put_escaped(b, ")");
	}
	if (is_said(query) && state != NULL)
		kf_put_escaped(b, " AND ");
	if (state != NULL)
		kf_put_escaped(b, state);
}
