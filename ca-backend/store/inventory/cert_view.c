/* Views of the inventory in SQL. See cert_view.h. */
#include "store/request/request_page.h"
#include "store/store_private.h"

#include "cert_narrow.h"
#include "cert_view.h"

#define SQL_MAX (64 * 1024)

void
cert_view_clear(struct cert_view *v)
{
	cert_node_free(v->reach);
	*v = (struct cert_view){0};
}

static void
put_owner_name(struct gh_buf *b, struct store_params *p, const struct requester *owner)
{
	store_put_text(p, owner->name);
	gh_buf_putf(b, "lower(requester) = lower($%d)", p->n);
}

static void
put_own(struct gh_buf *b, struct store_params *p, const struct requester *owner)
{
	put_owner_name(b, p, owner); /* first: the request of each other one is not looked up */
	gh_buf_puts(b, " AND EXISTS (SELECT FROM request r WHERE r.id = certificate.request_id");
	store_put_owner(b, p, owner);
	gh_buf_putc(b, ')');
}

void
cert_view_put(struct gh_buf *b, struct store_params *p, const struct cert_view *v)
{
	if (v->is_all)
		return;
	gh_buf_puts(b, " AND ");
	if (v->reach == NULL) {
		put_own(b, p, v->owner);
		return;
	}
	gh_buf_putc(b, '(');
	put_own(b, p, v->owner);
	gh_buf_puts(b, " OR ");
	cert_filter_put(b, p, v->reach->right);
	gh_buf_putc(b, ')');
}

bool
cert_view_is_narrow(const struct cert_view *v)
{
	return !v->is_all && (v->reach == NULL || cert_is_narrow(v->reach, CERT_NARROW_ANY));
}

void
cert_view_put_narrow(struct gh_buf *b, struct store_params *p, const struct cert_view *v)
{
	gh_buf_puts(b, " AND ");
	if (v->reach == NULL)
		put_owner_name(b, p, v->owner);
	else
		cert_narrow_put(b, p, v->reach, CERT_NARROW_ANY);
}

int
store_cert_is_shown(struct store *s, const struct cert_view *v, int64_t id, bool *out,
    struct gh_error *err)
{
	struct store_params p = {0};
	gh_json *answer;
	struct gh_buf b;
	int rc;

	*out = false;
	if (v->reach == NULL)
		return 0;
	gh_buf_init(&b, SQL_MAX);
	store_put_int(&p, id);
	gh_buf_puts(&b,
	    "SELECT json_build_array(EXISTS (SELECT FROM certificate WHERE id = $1::bigint AND ");
	cert_filter_put(&b, &p, v->reach->right);
	gh_buf_puts(&b, "))");
	if ((rc = store_read_composed(s, &b, &p, &answer, err)) != 0)
		return rc;
	*out = gh_json_bool(gh_json_at(answer, 0), false);
	gh_json_free(answer);
	return 0;
}
