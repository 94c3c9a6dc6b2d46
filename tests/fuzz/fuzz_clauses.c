/*
 * Queries of lists of KeyfactorAPI that are no inventory: Field -op value, joined by AND. What is
 * taken is bounded and whole, and the same when it is written anew; a list that is sieved by it is
 * told, or the query refused. After a first octet 0: all parameters of such a list as they come.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyfactor/kf_clause.h"
#include "keyfactor/kf_page.h"
#include "keyfactor/kf_rows.h"

#define CLAUSES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
	struct kf_clause clause[CLAUSES_MAX];
	size_t n;
};

static bool
is_word(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	return n > 0 && n < size && strcspn(s, " \t") == n;
}

static bool
take(const struct kf_clause *c, void *arg)
{
	struct taken *t = arg;
	size_t n = strnlen(c->value, sizeof(c->value));

	if (!is_word(c->field, sizeof(c->field)) || !is_word(c->op, sizeof(c->op)) || n == 0 ||
	    n == sizeof(c->value))
		abort();
	if (t->n == CLAUSES_MAX)
		return false;
	t->clause[t->n++] = *c;
	return true;
}

/* What has a quotation mark in it was no value in quotation marks. */
static void
put(struct gh_buf *b, const struct taken *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct kf_clause *c = &t->clause[i];
		const char *mark = strchr(c->value, '"') != NULL ? "" : "\"";

		gh_buf_putf(b, "%s%s %s %s%s%s", i > 0 ? " and " : "", c->field, c->op, mark,
		    c->value, mark);
	}
	gh_buf_putc(b, '\0');
}

static void
check_clauses(const char *query)
{
	static struct taken first, second;
	struct gh_buf b;

	first.n = second.n = 0;
	if (!kf_clauses(query, take, &first))
		return;
	gh_buf_init(&b, CLAUSES_MAX * (sizeof(struct kf_clause) + 16));
	put(&b, &first);
	if (b.failed || !kf_clauses((const char *)b.data, take, &second) || first.n != second.n)
		abort();
	for (size_t i = 0; i < first.n; i++)
		if (strcmp(first.clause[i].field, second.clause[i].field) != 0 ||
		    strcmp(first.clause[i].op, second.clause[i].op) != 0 ||
		    strcmp(first.clause[i].value, second.clause[i].value) != 0)
			abort();
	gh_buf_free(&b);
}

static gh_json *
make_list(void)
{
	gh_json *list = gh_json_new_array();

	for (int i = 0; i < 3; i++) {
		gh_json *o = gh_json_new_object();

		if (gh_json_set_int(o, "Id", i) != 0 ||
		    gh_json_set_string(o, "Name",
			i == 0       ? "User"
			    : i == 1 ? "user"
				     : "") != 0 ||
		    gh_json_set_bool(o, "Waits", i == 1) != 0 || gh_json_append(list, o) != 0)
			abort();
	}
	return list;
}

/* parameters: percent-encoded. */
static void
check_list(char *parameters)
{
	static const struct kf_row_field fields[] = {{.name = "Id", .member = "Id"},
	    {.name = "Name", .member = "Name"}, {.name = "Waits", .member = "Waits"},
	    {.name = "Kinds", .member = "Id", .is_bits = true}, {.name = "Never"}, {0}};
	struct gh_http_request http = {.query = parameters};
	const struct call call = {.http = &http};
	struct gh_http_reply rep = {0};
	gh_json *said;

	kf_rows_reply(&call, make_list(), fields, &rep);
	said = kf_reply_json(&rep);
	if (rep.status == 200 ? gh_json_type(said) != GH_JSON_ARRAY || gh_json_size(said) > 3
			      : rep.status != 400 || *kf_string(said, "Message") == '\0')
		abort();
	gh_json_free(said);
	gh_http_reply_clear(&rep);
}

static void
check_query(const char *query)
{
	struct gh_buf b;

	check_clauses(query);
	gh_buf_init(&b, 3 * strlen(query) + 64);
	gh_buf_puts(&b, "QueryString=");
	kf_put_escaped(&b, query);
	gh_buf_putc(&b, '\0');
	if (gh_buf_check(&b, NULL) == 0)
		check_list((char *)b.data);
	gh_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (size > 0 && data[0] == 0)
		check_list(text + 1);
	else
		check_query(text);
	free(text);
	return 0;
}
