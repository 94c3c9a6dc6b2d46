/* Orders of the inventory. See cert_order.h. */
#include <string.h>
#include <strings.h>

#include "store/inventory/cert_field.h"
#include "store/inventory/cert_narrow.h"

#include "cert_order.h"
#include "query_field.h"

static const char *const words[] = {[CERT_BY_ID] = "id",
    [CERT_BY_NOT_AFTER] = "not_after",
    [CERT_BY_SUBJECT] = "subject",
    [CERT_BY_REQUESTER] = "requester",
    [CERT_BY_SERIAL] = "serial",
    [CERT_BY_TEMPLATE] = "template"};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* Those of one value follow their ids, which its index has them by. */
static bool
by_field(const struct query_env *env, const char *name, const struct cert_node *condition,
    struct cert_order *out)
{
	bool is_prefixed = strncasecmp(name, METADATA_PREFIX, strlen(METADATA_PREFIX)) == 0;
	const struct metadata_field *f = metadata_field_find(env->field, env->fields,
	    name + (is_prefixed ? strlen(METADATA_PREFIX) : 0));

	if (f == NULL || !f->indexed)
		return false;
	*out = (struct cert_order){.sort = CERT_BY_ID};
	if (condition != NULL && cert_field_has_value(condition, f->name))
		return true;
	*out = (struct cert_order){.sort = query_field_type(f) == CERT_NUMBER ? CERT_BY_NUMBER_FIELD
									      : CERT_BY_TEXT_FIELD,
	    .field = f->name};
	return true;
}

static void
by_condition(const struct query_env *env, const struct cert_node *condition, struct cert_order *out)
{
	const struct cert_node *bounded;

	*out = (struct cert_order){.sort = CERT_BY_ID};
	if (condition == NULL)
		return;
	if (cert_is_narrow(condition, CERT_NARROW_BY_NOT_AFTER))
		out->sort = CERT_BY_NOT_AFTER;
	else if (!cert_is_narrow(condition, CERT_NARROW_BY_ID) &&
	    (bounded = cert_field_bounded(condition)) != NULL)
		(void)by_field(env, bounded->part, condition, out);
}

bool
cert_order_find(const struct query_env *env, const char *word, const struct cert_node *condition,
    struct cert_order *out)
{
	if (word == NULL) {
		by_condition(env, condition, out);
		return true;
	}
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(words[i], word) == 0) {
			*out = (struct cert_order){.sort = (enum cert_sort)i};
			return true;
		}
	return by_field(env, word, condition, out);
}
