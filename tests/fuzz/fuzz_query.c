/*
 * Queries of the inventory. What is understood can be told in SQL, in which nothing stands of what
 * was written: all of it is in the one parameter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/query_parse.h"
#include "store/inventory/cert_narrow.h"
#include "store/store_private.h"
#include "utf8.h"

#define SQL_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* how: enum cert_narrow; negative: the condition itself. */
static void
check_sql(const struct cert_node *n, int how)
{
	struct store_params p = {0};
	struct gh_buf b;

	gh_buf_init(&b, SQL_MAX);
	if (how < 0)
		cert_filter_put(&b, &p, n);
	else if (cert_is_narrow(n, (enum cert_narrow)how))
		cert_narrow_put(&b, &p, n, (enum cert_narrow)how);
	if (b.failed || p.failed || p.n > 1)
		abort();
	/* letters, digits and signs of ours alone; a dollar is that of $1 */
	for (size_t i = 0; i < b.len; i++) {
		char c = (char)b.data[i];

		if ((unsigned char)c >= 0x80 || strchr("\\;%@#`~?!{}\n", c) != NULL ||
		    (c == '$' && b.data[i + 1] != '1'))
			abort();
	}
	store_params_clear(&p);
	gh_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct metadata_field fields[] = {{.name = (char *)"Department",
						     .type = METADATA_STRING},
	    {.name = (char *)"Cost-Center", .type = METADATA_INTEGER},
	    {.name = (char *)"Review", .type = METADATA_DATE},
	    {.name = (char *)"Exportable", .type = METADATA_BOOLEAN}};
	const struct query_env env = {.field = fields,
	    .fields = 4,
	    .me = "alice",
	    .now = 1796042096};
	char *text = malloc(size + 1);
	struct cert_node *n = NULL;
	struct gh_error err = {0};

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (query_parse(text, &env, &n, &err) == 0)
		for (int how = -1; how <= CERT_NARROW_BY_NOT_AFTER; how++)
			check_sql(n, how);
	else if (n != NULL || err.code == GH_OK ||
	    !gh_utf8_is_valid(err.message, strlen(err.message)))
		abort();
	cert_node_free(n);
	free(text);
	return 0;
}
