/* Steps of a run. See metadata_run.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog/metadata_change.h"
#include "query_parse.h"
#include "store/inventory/cert_page.h"
#include "store/inventory/metadata_run_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "metadata_run.h"

#define BATCH 100 /* certificates of one step */
/* No further one is decided in a step after so long: with patterns that cost what a comparison may
 * cost, a hundred take half a minute. */
#define DECIDING_US 500000
#define TRIES 5 /* of one that others change between reading and writing */
#define DETAIL_SIZE 512

/* A run as the store has it, and the step that is made of it. */
struct work {
	const struct cert_metadata_env *env;
	gh_json *run;
	struct requester who; /* who gave the order */
	bool overwrites;
	int64_t changed_before, refused_before; /* of the whole run */
	gh_json *changes, *items;
	int limit, misses; /* steps at this place that were not taken */
	int64_t until;     /* gh_now_us */
	struct store_metadata_step step;
};

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "metadata run");
}

static int64_t
number(const gh_json *o, const char *name)
{
	int64_t n = 0;

	(void)gh_json_int(gh_json_get(o, name), &n);
	return n;
}

static int
begin(struct work *w, struct gh_error *err)
{
	const char *actor = gh_json_string(gh_json_get(w->run, "actor"));
	int64_t kind = number(w->run, "actor_kind");

	w->who = (struct requester){.kind = (enum requester_kind)kind};
	snprintf(w->who.name, sizeof(w->who.name), "%s", actor != NULL ? actor : "");
	w->overwrites = gh_json_bool(gh_json_get(w->run, "overwrite"), false);
	w->changed_before = number(w->run, "changed");
	w->refused_before = number(w->run, "refused");
	w->changes = gh_json_new_array();
	w->items = gh_json_new_array();
	w->step = (struct store_metadata_step){.run_id = number(w->run, "id"),
	    .from = number(w->run, "place"),
	    .to = number(w->run, "place"),
	    .changes = w->changes,
	    .items = w->items};
	return w->changes != NULL && w->items != NULL ? 0 : no_memory(err);
}

static void
end(struct work *w)
{
	gh_json_free(w->run);
	gh_json_free(w->changes);
	gh_json_free(w->items);
}

/* ---- one certificate ---- */

/* A certificate of the run, or a line of it. */
struct target {
	int64_t n, id;       /* id 0: no certificate */
	const gh_json *old;  /* values that it has */
	const gh_json *sets; /* what is ordered */
	bool is_line;
};

/* Takes changes over. */
static int
note(struct work *w, const struct target *t, const char *outcome, const char *detail,
    gh_json *changes, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "n", t->n) | gh_json_set_string(o, "outcome", outcome) |
	    gh_json_set_string(o, "detail", detail);

	if (t->id != 0)
		bad |= gh_json_set_int(o, "certificate_id", t->id);
	if (changes != NULL)
		bad |= gh_json_set(o, "changes", changes);
	if (bad != 0)
		gh_json_free(o);
	return bad == 0 && gh_json_append(w->items, o) == 0 ? 0 : no_memory(err);
}

static int
refuse(struct work *w, const struct target *t, const char *why, struct gh_error *err)
{
	bool is_kept = t->is_line || w->refused_before + w->step.refused < STORE_RUN_REFUSED_MAX;
	char text[sizeof(err->message)];

	/* an operator's own words may have been cut inside a character */
	snprintf(text, sizeof(text), "%s", why);
	w->step.refused++;
	return is_kept ? note(w, t, "refused", gh_utf8_clean(text), NULL, err) : 0;
}

/* "Department, Stage" */
static void
name_fields(const gh_json *changes, char *out, size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < gh_json_size(changes) && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "",
		    gh_json_string(gh_json_get(gh_json_at(changes, i), "field")));
}

/* old and values are borrowed. */
static int
change(struct work *w, const struct target *t, gh_json *values, gh_json *changes,
    struct gh_error *err)
{
	bool is_kept = t->is_line || w->changed_before + w->step.changed < STORE_RUN_SAMPLE_MAX;
	gh_json *o = gh_json_new_object();
	char detail[DETAIL_SIZE];
	int bad;

	name_fields(changes, detail, sizeof(detail));
	bad = gh_json_set_int(o, "id", t->id) |
	    gh_json_set(o, "old",
		gh_json_type(t->old) == GH_JSON_NULL ? gh_json_new_object()
						     : gh_json_ref((gh_json *)t->old)) |
	    gh_json_set(o, "new", gh_json_ref(values)) |
	    gh_json_set(o, "changes", gh_json_ref(changes)) |
	    gh_json_set_string(o, "detail", detail);
	if (bad != 0) {
		gh_json_free(o);
		return no_memory(err);
	}
	if (gh_json_append(w->changes, o) != 0)
		return no_memory(err);
	w->step.changed++;
	return is_kept ? note(w, t, "changed", NULL, gh_json_ref(changes), err) : 0;
}

static int
decide(struct work *w, const struct target *t, struct gh_error *err)
{
	const struct metadata_change c = {.field = w->env->catalog->field,
	    .fields = w->env->catalog->fields,
	    .is_officer = true, /* who gave the order was one */
	    .overwrites = w->overwrites};
	gh_json *values = NULL, *changes = NULL;
	struct gh_error why;
	int rc;

	if (w->misses >= TRIES)
		return refuse(w, t, "Others change the certificate at this moment.", err);
	rc = metadata_change(&c, t->old, t->sets, &values, &changes, &why);

	if (rc == GH_E_METADATA || rc == GH_E_FORBIDDEN) {
		rc = refuse(w, t, why.message, err);
	} else if (rc != 0) {
		*err = why;
	} else if (gh_json_size(changes) > 0) {
		rc = change(w, t, values, changes, err);
	} else {
		w->step.same++;
		rc = t->is_line ? note(w, t, "same", NULL, NULL, err) : 0;
	}
	gh_json_free(values);
	gh_json_free(changes);
	return rc;
}

/* The first one always has its turn; what is left is the next step's. */
static bool
has_time(const struct work *w, size_t i)
{
	return i == 0 || gh_now_us() < w->until;
}

/* ---- by a query ---- */

static int
take_page(struct work *w, const struct cert_page *page, struct gh_error *err)
{
	int64_t last = number(w->run, "last");
	struct target t = {.sets = gh_json_get(w->run, "values")};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(page->entries); i++) {
		const gh_json *e = gh_json_at(page->entries, i);

		if (!has_time(w, i))
			return 0;
		t.n = t.id = number(e, "id");
		if (t.id > last)
			break;
		t.old = gh_json_get(e, "metadata");
		rc = decide(w, &t, err);
		w->step.to = t.id;
	}
	if (page->has_more && page->more.id > w->step.to)
		w->step.to = page->more.id;
	if (!page->has_more || w->step.to >= last) {
		w->step.to = last;
		w->step.is_last = true;
	}
	return rc;
}

/* Tokens mean what they meant when the order was given. */
static int
parse_query(struct work *w, struct cert_node **out, struct gh_error *err)
{
	const struct query_env q = {.field = w->env->catalog->field,
	    .fields = w->env->catalog->fields,
	    .me = w->who.name,
	    .now = number(w->run, "at")};

	return query_parse(gh_json_string(gh_json_get(w->run, "query")), &q, out, err);
}

static int
read_certificates(struct work *w, struct gh_error *err)
{
	struct cert_place from = {.id = w->step.from};
	struct cert_node *condition = NULL;
	struct cert_page page;
	int rc = parse_query(w, &condition, err);
	const struct store_cert_filter f = {.sort = CERT_BY_ID,
	    .from = from.id != 0 ? &from : NULL,
	    .limit = w->limit,
	    .condition = condition};

	if (rc == 0 && (rc = store_cert_page(w->env->store, &f, &page, err)) == 0) {
		w->until = gh_now_us() + DECIDING_US;
		rc = take_page(w, &page, err);
		cert_page_clear(&page);
	}
	cert_node_free(condition);
	return rc;
}

/* ---- by lines ---- */

/* A certificate is in one line alone: of those in this step, or before it. 0: in none. */
static int
find_line(struct work *w, const struct target *t, int64_t *line, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(w->items); i++) {
		const gh_json *o = gh_json_at(w->items, i);

		if (number(o, "certificate_id") == t->id) {
			*line = number(o, "n");
			return 0;
		}
	}
	return store_find_metadata_line(w->env->store, w->step.run_id, t->n, t->id, line, err);
}

static int
take_certificate(struct work *w, struct target *t, struct gh_error *err)
{
	char tag[STORE_METADATA_TAG_SIZE], text[64];
	gh_json *old = NULL;
	int64_t line = 0;
	int rc = find_line(w, t, &line, err);

	if (rc != 0)
		return rc;
	if (line != 0) {
		snprintf(text, sizeof(text), "The certificate is in line %" PRId64 ", too.", line);
		return refuse(w, t, text, err);
	}
	if ((rc = store_get_cert_metadata(w->env->store, t->id, tag, &old, err)) == 0) {
		t->old = old;
		rc = decide(w, t, err);
		t->old = NULL;
	}
	gh_json_free(old);
	return rc;
}

static int
take_line(struct work *w, const gh_json *line, struct gh_error *err)
{
	const gh_json *k = gh_json_get(line, "key");
	const struct store_cert_key key = {.id = number(k, "id"),
	    .thumbprint = gh_json_string(gh_json_get(k, "thumbprint")),
	    .serial = gh_json_string(gh_json_get(k, "serial")),
	    .issuer_dn = gh_json_string(gh_json_get(k, "issuer"))};
	struct target t = {.n = number(line, "n"),
	    .sets = gh_json_get(line, "given"),
	    .is_line = true};
	struct gh_error why = {0};
	int rc;

	w->step.to = t.n;
	if (gh_json_type(gh_json_get(line, "outcome")) != GH_JSON_NULL) {
		w->step.refused++; /* it was unreadable, and says so */
		return 0;
	}
	rc = store_find_cert(w->env->store, &key, &t.id, &why);
	if (rc == 0 && (rc = take_certificate(w, &t, &why)) == 0)
		return 0;
	if (rc == GH_E_NOT_FOUND || rc == GH_E_CONFLICT || rc == GH_E_BAD_REQUEST) {
		t.id = 0;
		return refuse(w, &t, why.message, err);
	}
	*err = why;
	return rc;
}

static int
take_lines(struct work *w, const gh_json *lines, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(lines); i++) {
		if (!has_time(w, i))
			return 0;
		rc = take_line(w, gh_json_at(lines, i), err);
	}
	if (rc == 0 && gh_json_size(lines) < (size_t)w->limit) {
		w->step.to = number(w->run, "last");
		w->step.is_last = true;
	}
	return rc;
}

static int
read_lines(struct work *w, struct gh_error *err)
{
	gh_json *lines;
	int rc = store_list_metadata_lines(w->env->store, w->step.run_id, w->step.from, w->limit,
	    &lines, err);

	w->until = gh_now_us() + DECIDING_US;
	if (rc == 0)
		rc = take_lines(w, lines, err);
	gh_json_free(lines);
	return rc;
}

/* ---- steps ---- */

/* What would not become right by trying again. */
static bool
is_final(int rc)
{
	return rc == GH_E_BAD_REQUEST || rc == GH_E_METADATA || rc == GH_E_VALIDATION;
}

static int
step(struct work *w, bool *is_taken, struct gh_error *err)
{
	struct gh_error why = {0};
	int rc;

	w->limit = w->misses > 0 ? 1 : BATCH;
	rc = gh_json_string(gh_json_get(w->run, "query")) != NULL ? read_certificates(w, &why)
								  : read_lines(w, &why);
	if (rc == 0)
		return store_take_metadata_step(w->env->store, &w->who, &w->step, is_taken, err);
	if (is_final(rc))
		return store_end_metadata_run(w->env->store, &w->who, w->step.run_id, "failed",
		    why.message, NULL, is_taken, err);
	*err = why;
	return rc;
}

/* Where the last step was not taken. */
struct pace {
	int64_t run, place;
	int misses;
};

static int
next_step(const struct cert_metadata_env *env, struct pace *pace, bool *has_more,
    struct gh_error *err)
{
	struct work w = {.env = env};
	bool is_taken = false;
	int rc = store_next_metadata_run(env->store, &w.run, err);

	*has_more = rc == 0 && gh_json_type(w.run) == GH_JSON_OBJECT;
	if (*has_more && (rc = begin(&w, err)) == 0) {
		if (pace->run == w.step.run_id && pace->place == w.step.from)
			w.misses = pace->misses;
		rc = step(&w, &is_taken, err);
		*pace = (struct pace){w.step.run_id, w.step.from, is_taken ? 0 : w.misses + 1};
	}
	end(&w);
	return rc;
}

int
metadata_run_work(const struct cert_metadata_env *env, int ms, const struct gh_progress *p,
    bool *has_more, struct gh_error *err)
{
	int64_t until = gh_now_us() + (int64_t)ms * 1000;
	struct pace pace = {0};
	int rc;

	do
		rc = next_step(env, &pace, has_more, err);
	while (rc == 0 && *has_more && gh_now_us() < until && !gh_progress_is_stopping(p));
	return rc;
}
