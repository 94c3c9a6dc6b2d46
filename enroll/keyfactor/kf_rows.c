/* Lists of the catalog. See kf_rows.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kf_clause.h"
#include "kf_page.h"
#include "kf_rows.h"

#define ROWS_MAX 1000 /* of a page */
#define NUMBER_SIZE 24

static const struct kf_row_field *
find_field(const struct kf_row_field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcasecmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* ---- queries ---- */

/* A member as it is compared; of other types "". */
static const char *
text_of(const gh_json *row, const char *member, char number[NUMBER_SIZE])
{
	const gh_json *v = member != NULL ? gh_json_get(row, member) : NULL;
	int64_t n = 0;

	if (member == NULL || gh_json_type(v) == GH_JSON_BOOL)
		return member != NULL && gh_json_bool(v, false) ? "true" : "false";
	if (gh_json_type(v) != GH_JSON_INT || !gh_json_int(v, &n))
		return gh_json_string(v) != NULL ? gh_json_string(v) : "";
	snprintf(number, NUMBER_SIZE, "%" PRId64, n);
	return number;
}

static bool
has_end(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && strcasecmp(text + n - k, end) == 0;
}

static bool
equals(const struct kf_row_field *f, const char *text, const char *value)
{
	return f->is_bits && strcmp(value, "0") != 0
	    ? (strtoul(text, NULL, 10) & strtoul(value, NULL, 10)) != 0
	    : strcasecmp(text, value) == 0;
}

enum verdict { NO, YES, NO_OPERATOR };

static enum verdict
judge(const struct kf_row_field *f, const char *text, const struct kf_clause *c)
{
	const char *op = c->op;

	if (strcasecmp(op, "-eq") == 0)
		return equals(f, text, c->value) ? YES : NO;
	if (strcasecmp(op, "-ne") == 0)
		return equals(f, text, c->value) ? NO : YES;
	if (strcasecmp(op, "-contains") == 0)
		return strcasestr(text, c->value) != NULL ? YES : NO;
	if (strcasecmp(op, "-notcontains") == 0)
		return strcasestr(text, c->value) != NULL ? NO : YES;
	if (strcasecmp(op, "-startswith") == 0)
		return strncasecmp(text, c->value, strlen(c->value)) == 0 ? YES : NO;
	if (strcasecmp(op, "-endswith") == 0)
		return has_end(text, c->value) ? YES : NO;
	return NO_OPERATOR;
}

/* A list while clauses are taken. */
struct sieve {
	const struct kf_row_field *fields;
	gh_json **row; /* those that are left, borrowed */
	size_t n;
};

static bool
sift(const struct kf_clause *c, void *arg)
{
	struct sieve *s = arg;
	const struct kf_row_field *f = find_field(s->fields, c->field);
	char number[NUMBER_SIZE];
	size_t kept = 0;

	if (f == NULL || judge(f, "", c) == NO_OPERATOR)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (judge(f, text_of(s->row[i], f->member, number), c) == YES)
			s->row[kept++] = s->row[i];
	s->n = kept;
	return true;
}

static int
sift_all(const struct call *call, struct sieve *s, struct gh_error *err)
{
	char *query;
	int rc = kf_param(call, "QueryString", &query, err);

	if (rc == 0 && query != NULL && !kf_clauses(query, sift, s))
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "QueryString has here: Field -eq, -ne, -contains, -notcontains, -startswith "
		    "and -endswith, joined by AND, and the fields of docs/keyfactor-api.md.");
	free(query);
	return rc;
}

/* ---- order ---- */

static int
compare(const gh_json *a, const gh_json *b, const char *member)
{
	char x[NUMBER_SIZE], y[NUMBER_SIZE];
	int64_t n = 0, k = 0;

	if (member != NULL && gh_json_type(gh_json_get(a, member)) == GH_JSON_INT &&
	    gh_json_int(gh_json_get(a, member), &n) && gh_json_int(gh_json_get(b, member), &k))
		return (n > k) - (n < k);
	return strcasecmp(text_of(a, member, x), text_of(b, member, y));
}

/* Equal ones stay as they are; there are few. */
static void
sort(struct sieve *s, const char *member, bool descends)
{
	for (size_t i = 1; i < s->n; i++) {
		gh_json *row = s->row[i];
		size_t k = i;

		for (; k > 0; k--) {
			int c = compare(s->row[k - 1], row, member);

			if (descends ? c >= 0 : c <= 0)
				break;
			s->row[k] = s->row[k - 1];
		}
		s->row[k] = row;
	}
}

static int
sort_all(const struct call *call, struct sieve *s, struct gh_error *err)
{
	const struct kf_row_field *f = NULL;
	bool descends = false;
	char *name;
	int rc = kf_param(call, "SortField", &name, err);

	if (rc == 0)
		rc = kf_descends(call, &descends, err);
	if (rc == 0 && name != NULL && *name != '\0' && (f = find_field(s->fields, name)) == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Invalid sort field: %.60s.", name);
	if (rc == 0 && f != NULL)
		sort(s, f->member, descends);
	free(name);
	return rc;
}

/* ---- the answer ---- */

static int
reply_page(const struct call *call, const struct sieve *s, struct gh_http_reply *rep,
    struct gh_error *err)
{
	int64_t page = 1, rows = ROWS_MAX;
	gh_json *out;
	int rc, bad = 0;

	if ((rc = kf_param_number(call, "ReturnLimit", 1, ROWS_MAX, ROWS_MAX, &rows, err)) != 0 ||
	    (rc = kf_param_number(call, "PageReturned", 1, INT32_MAX, 1, &page, err)) != 0)
		return rc;
	out = gh_json_new_array();
	for (size_t i = (size_t)((page - 1) * rows); bad == 0 && i < s->n; i++) {
		if (gh_json_size(out) == (size_t)rows)
			break;
		bad = gh_json_append(out, gh_json_ref(s->row[i]));
	}
	if (bad != 0) {
		gh_json_free(out);
		out = NULL;
	}
	kf_json(rep, out);
	return 0;
}

void
kf_rows_reply(const struct call *call, gh_json *list, const struct kf_row_field *fields,
    struct gh_http_reply *rep)
{
	struct sieve s = {.fields = fields, .n = gh_json_size(list)};
	struct gh_error err = {0};
	int rc = 0;

	s.row = list != NULL ? calloc(s.n + 1, sizeof(gh_json *)) : NULL;
	if (s.row == NULL) {
		gh_json_free(list);
		kf_json(rep, NULL);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		s.row[i] = gh_json_at(list, i);
	if ((rc = sift_all(call, &s, &err)) == 0 && (rc = sort_all(call, &s, &err)) == 0)
		rc = reply_page(call, &s, rep, &err);
	if (rc != 0)
		kf_error(&err, rep);
	free(s.row);
	gh_json_free(list);
}
