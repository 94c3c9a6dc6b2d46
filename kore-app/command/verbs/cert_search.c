/* `gatehouse cert search`: the inventory by a query (docs/inventory.md), also as a file of any
 * length, of which one page at a time is in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "inventory/cert_lines.h"
#include "inventory/cert_order.h"
#include "inventory/query_parse.h"
#include "store/inventory/cert_page.h"
#include "store/inventory/saved_search_row.h"
#include "timestamp.h"

#include "command.h"
#include "verb.h"

#define PAGE 1000                         /* rows of one page, the most that the store gives */
#define PAGE_BYTES_MAX (64 * 1024 * 1024) /* of its text */

static const char *order_by, *fields, *saved;
static bool descending, as_csv, as_lines;
static int limit = 50;
static struct cert_members members;
static const struct option_row search_options[] = {
    VERB_CONFIG,
    {"order-by", 0, OPTION_TEXT, &order_by, "ORDER",
	CERT_ORDER_WORDS "; without it what QUERY bounds, else id"},
    {"saved", 0, OPTION_TEXT, &saved, "NAME", "in place of QUERY: a search that was saved"},
    {"desc", 0, OPTION_FLAG, &descending, NULL, "the last one first"},
    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many certificates (default 50; 0: all)"},
    {"fields", 0, OPTION_TEXT, &fields, "NAMES",
	"members in this order: id,subject,not_after,Metadata.Department ..."},
    {"csv", 0, OPTION_FLAG, &as_csv, NULL, "CSV, with the names in the first line"},
    {"jsonl", 0, OPTION_FLAG, &as_lines, NULL, "a line of JSON for each"},
    VERB_JSON,
    OPTION_END,
};
static struct output_column columns[CERT_MEMBERS_MAX + 1];

static int
check_search(const struct verb_call *c)
{
	struct gh_error err;

	if ((saved == NULL) != (c->operands == 1))
		return command_usage(c->who, "QUERY or --saved is needed, and not both");
	if (limit < 0)
		return command_usage(c->who, "--limit is a number from 0");
	if (as_csv + as_lines + c->json > 1)
		return command_usage(c->who, "--csv, --jsonl and --json exclude each other");
	if (!cert_members_read(fields, NULL, 0, &members, &err))
		return command_usage(c->who, "--fields: %s", err.message);
	if (fields == NULL && !as_csv && !as_lines && !c->json &&
	    !cert_members_read("id,serial,subject,requester,template,not_after,status", NULL, 0,
		&members, &err))
		return COMMAND_FAILED;
	return COMMAND_OK;
}

/* ---- output ---- */

/* A terminal must not be steered by a name. */
static void
write_to_terminal(char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t n = strlen(line);

		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		output_safe(stdout, line);
		putchar('\n');
	}
}

static bool
write_text(struct gh_buf *b)
{
	if (!isatty(STDOUT_FILENO))
		return fwrite(b->data, 1, b->len, stdout) == b->len && fflush(stdout) == 0;
	gh_buf_putc(b, '\0');
	if (gh_buf_check(b, NULL) == 0)
		write_to_terminal((char *)b->data);
	return gh_buf_check(b, NULL) == 0 && fflush(stdout) == 0;
}

static int
write_page(gh_json **entries, bool is_first, struct gh_error *err)
{
	enum cert_lines kind = as_csv ? CERT_CSV : CERT_JSONL;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, PAGE_BYTES_MAX);
	if (is_first)
		cert_lines_head(&b, kind, &members);
	rc = cert_lines_put(&b, kind, &members, entries, err);
	if (rc == 0 && !write_text(&b))
		rc = gh_refuse(err, GH_E_INTERNAL, "the output cannot be written");
	gh_buf_free(&b);
	return rc;
}

static int
keep_page(struct verb_call *c, const gh_json *entries, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (gh_json_append(c->out, gh_json_ref(gh_json_at(entries, i))) != 0)
			return gh_fail(err, GH_E_NOMEM, "search");
	return 0;
}

static int
take_page(struct verb_call *c, struct cert_page *page, bool is_first, struct gh_error *err)
{
	int rc;

	if (as_csv || as_lines)
		return write_page(&page->entries, is_first, err);
	rc = cert_members_choose(&members, &page->entries, err);
	return rc == 0 ? keep_page(c, page->entries, err) : rc;
}

/* ---- search ---- */

static int
search_all(struct verb_call *c, struct store_cert_filter *f, struct gh_error *err)
{
	struct cert_place at = {0};
	struct cert_page page;
	bool is_first = true, has_more = true;
	int left = limit, rc = 0;

	while (rc == 0 && has_more && (limit == 0 || left > 0)) {
		f->limit = limit == 0 || left > PAGE ? PAGE : left;
		if ((rc = store_cert_page(c->env.store, f, &page, err)) != 0)
			break;
		left -= (int)gh_json_size(page.entries);
		rc = take_page(c, &page, is_first, err);
		is_first = false;
		has_more = page.has_more;
		cert_place_clear(&at);
		at = page.more;
		page.more = (struct cert_place){0};
		f->from = &at;
		cert_page_clear(&page);
	}
	f->from = NULL; /* it is of this function */
	cert_place_clear(&at);
	return rc;
}

/* What is asked; *row: where it is saved. */
static int
query_text(struct verb_call *c, gh_json **row, const char **text, struct gh_error *err)
{
	int rc = 0;

	*text = c->operands == 1 ? c->operand[0] : "";
	if (saved != NULL &&
	    (rc = store_find_saved_search(c->env.store, &c->env.who, saved, row, err)) == 0)
		*text = gh_json_string(gh_json_get(*row, "query"));
	return rc;
}

/* What is shown of each, now that the definitions are known. */
static int
take_members(const struct query_env *env, const gh_json *row, struct gh_error *err)
{
	const char *list = fields != NULL ? fields : gh_json_string(gh_json_get(row, "fields"));
	struct gh_error why;

	if (list == NULL || cert_members_read(list, env->field, env->fields, &members, &why))
		return 0;
	return gh_refuse(err, GH_E_BAD_REQUEST, "fields: %s", why.message);
}

/* What the options do not say, a saved search may. */
static const char *
order_of(const gh_json *row, struct store_cert_filter *f)
{
	const char *order = gh_json_string(gh_json_get(row, "order"));

	f->descending |= order != NULL && strcmp(order, "desc") == 0;
	return order_by != NULL ? order_by : gh_json_string(gh_json_get(row, "order_by"));
}

static int
take_order(const struct query_env *env, const char *word, struct store_cert_filter *f,
    struct gh_error *err)
{
	struct cert_order order;

	if (!cert_order_find(env, word, f->condition, &order))
		return gh_refuse(err, GH_E_BAD_REQUEST, "the order is " CERT_ORDER_WORDS);
	f->sort = order.sort;
	f->field = order.field;
	return 0;
}

static int
search(struct verb_call *c, struct gh_error *err)
{
	struct store_cert_filter f = {.descending = descending};
	struct query_env env = {.me = c->env.who.name, .now = gh_now()};
	struct cert_node *condition = NULL;
	struct catalog *catalog;
	gh_json *row = NULL;
	const char *text;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	env.field = catalog->field;
	env.fields = catalog->fields;
	rc = query_text(c, &row, &text, err);
	if (rc == 0 && (rc = take_members(&env, row, err)) == 0)
		rc = query_parse(text, &env, &condition, err);
	if (rc == 0 && !as_csv && !as_lines && (c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "search");
	if (rc == 0) {
		f.condition = condition;
		rc = take_order(&env, order_of(row, &f), &f, err);
	}
	if (rc == 0)
		rc = search_all(c, &f, err);
	gh_json_free(row);
	cert_node_free(condition);
	catalog_free(catalog);
	return rc;
}

static int
show_found(struct verb_call *c)
{
	if (as_csv || as_lines)
		return output_finish();
	for (size_t i = 0; i < CERT_MEMBERS_MAX && cert_members_at(&members, i) != NULL; i++)
		columns[i] = (struct output_column){cert_members_at(&members, i),
		    cert_members_at(&members, i)};
	return output_table(c->out, columns);
}

const struct verb verb_cert_search = {
    .usage = {"[QUERY]", 0, 1,
	"Searches the inventory with the query language of docs/inventory.md.",
	"gatehouse cert search 'NotAfter -lt %TODAY+30% AND State -eq \"active\"'\n"
	"gatehouse cert search 'DNS -eq \"www.example.com\"' --json\n"
	"gatehouse cert search 'Department -eq \"IT\"' --limit 0 --csv --fields id,subject,not_after >it.csv\n"},
    .options = search_options,
    .needs = NEEDS_GRANTS,
    .check = check_search,
    .work = search,
    .show = show_found,
};
