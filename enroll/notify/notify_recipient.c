/* From an audience to addresses of e-mail. See notify_recipient.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail_address.h"

#include "audience.h"
#include "notify_recipient.h"

static void
clear_one(struct recipient *r)
{
	free(r->address);
	free(r->name);
	free(r->language);
}

void
recipients_clear(struct recipients *r)
{
	for (size_t i = 0; i < r->n; i++)
		clear_one(&r->one[i]);
	free(r->one);
	memset(r, 0, sizeof(*r));
}

static bool
has(const struct recipients *r, const char *address)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcasecmp(r->one[i].address, address) == 0)
			return true;
	return false;
}

static int
grow(struct recipients *r, struct gh_error *err)
{
	size_t cap = r->cap == 0 ? 8 : 2 * r->cap;
	struct recipient *more;

	if (r->n < r->cap)
		return 0;
	if ((more = realloc(r->one, cap * sizeof(*more))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "recipients");
	r->one = more;
	r->cap = cap;
	return 0;
}

int
recipients_add(struct recipients *r, const char *address, const char *name, const char *language,
    struct gh_error *err)
{
	struct recipient one;
	int rc;

	if (!gh_mail_address_is_valid(address) || has(r, address) || r->n >= NOTIFY_RECIPIENTS_MAX)
		return 0;
	if ((rc = grow(r, err)) != 0)
		return rc;
	one = (struct recipient){strdup(address), strdup(name), strdup(language)};
	if (one.address == NULL || one.name == NULL || one.language == NULL) {
		clear_one(&one);
		return gh_fail(err, GH_E_NOMEM, "recipients");
	}
	r->one[r->n++] = one;
	return 0;
}

static void
recipients_remove(struct recipients *r, const struct recipients *gone)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++)
		if (has(gone, r->one[i].address))
			clear_one(&r->one[i]);
		else
			r->one[kept++] = r->one[i];
	r->n = kept;
}

/* Who hears of the same event by rows that were written before: owner and agent, requester and the
 * address that he gave. So it does not matter who of two nodes is first, and when. */
static int
earlier_recipients(const struct worker_env *env, const struct notification *n,
    struct recipients *out, struct gh_error *err)
{
	struct notification *row;
	size_t len;
	int rc = store_earlier_notifications(env->store, n, &row, &len, err);

	for (size_t i = 0; i < len; i++) {
		if (rc == 0)
			rc = audience_add(env, &row[i], out, err);
		notification_clear(&row[i]);
	}
	free(row);
	return rc;
}

int
notify_recipients(const struct worker_env *env, const struct notification *n,
    struct recipients *out, struct gh_error *err)
{
	struct recipients told = {0};
	int rc;

	memset(out, 0, sizeof(*out));
	rc = audience_add(env, n, out, err);
	if (rc == 0 && out->n > 0 && (rc = earlier_recipients(env, n, &told, err)) == 0)
		recipients_remove(out, &told);
	recipients_clear(&told);
	if (rc != 0)
		recipients_clear(out);
	return rc;
}
