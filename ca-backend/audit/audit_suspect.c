/* Findings, and the wrong rows of a seal. See audit_verify_private.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit/audit_seal_row.h"

#include "audit_verify_private.h"

void
audit_report(struct audit_verify *v, enum audit_finding_kind kind, int64_t seal, int64_t row,
    int64_t other, const char *fmt, ...)
{
	struct audit_finding f = {.kind = kind, .seal = seal, .row = row, .other = other};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	v->findings++;
	if (v->found != NULL)
		v->found(v->arg, &f);
}

static gh_json *
number(int64_t n)
{
	return n != 0 ? gh_json_new_int(n) : gh_json_new_string(NULL);
}

gh_json *
audit_finding_json(const struct audit_finding *f)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "kind", audit_finding_name(f->kind)) == 0 &&
	    gh_json_set(o, "seal", number(f->seal)) == 0 &&
	    gh_json_set(o, "row", number(f->row)) == 0 &&
	    gh_json_set(o, "other", number(f->other)) == 0 &&
	    gh_json_set_string(o, "text", f->text) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static size_t
text_size(const char *s)
{
	return s != NULL ? strlen(s) + 1 : 0;
}

static const char *
keep_text(char **at, const char *s)
{
	char *to = *at;

	if (s == NULL)
		return NULL;
	memcpy(to, s, strlen(s) + 1);
	*at += strlen(s) + 1;
	return to;
}

/* A copy whose texts live as long as the suspect. */
static int
keep_row(struct audit_suspect *s, const struct audit_row *r, struct gh_error *err)
{
	size_t n = text_size(r->event) + text_size(r->outcome) + text_size(r->actor) +
	    text_size(r->app) + text_size(r->address) + text_size(r->request_id) +
	    text_size(r->object) + text_size(r->detail);
	char *at = malloc(n + 1);

	if (at == NULL)
		return gh_fail(err, GH_E_NOMEM, "audit row");
	s->texts = at;
	s->row = *r;
	s->row.event = keep_text(&at, r->event);
	s->row.outcome = keep_text(&at, r->outcome);
	s->row.actor = keep_text(&at, r->actor);
	s->row.app = keep_text(&at, r->app);
	s->row.address = keep_text(&at, r->address);
	s->row.request_id = keep_text(&at, r->request_id);
	s->row.object = keep_text(&at, r->object);
	s->row.detail = keep_text(&at, r->detail);
	return 0;
}

int
audit_suspect_add(struct audit_check *c, const struct store_leaf *leaf, struct gh_error *err)
{
	struct audit_suspect *s = &c->suspect[c->suspects];

	if (c->suspects == AUDIT_SUSPECTS_MAX) {
		c->more_suspects++;
		return 0;
	}
	memset(s, 0, sizeof(*s));
	s->audit_id = leaf->audit_id;
	memcpy(s->leaf, leaf->hash, sizeof(s->leaf));
	c->suspects++;
	return leaf->row != NULL ? keep_row(s, leaf->row, err) : 0;
}

/* Does the content of s, under the number of another wrong row, give that one's leaf? -1: no, else
 * its index. */
static int
find_origin(const struct audit_check *c, const struct audit_suspect *s)
{
	unsigned char hash[AUDIT_HASH_SIZE];
	struct audit_row row = s->row;

	for (int i = 0; i < c->suspects; i++) {
		row.id = c->suspect[i].audit_id;
		if (row.id != s->audit_id && audit_leaf(&row, hash, NULL) == 0 &&
		    memcmp(hash, c->suspect[i].leaf, sizeof(hash)) == 0)
			return i;
	}
	return -1;
}

void
audit_suspect_report(struct audit_check *c, const struct audit_suspect *s)
{
	int origin = s->texts != NULL ? find_origin(c, s) : -1;

	if (s->texts == NULL)
		audit_report(c->v, AUDIT_ROW_REMOVED, c->seal.id, s->audit_id, 0,
		    "row %lld was removed", (long long)s->audit_id);
	else if (origin >= 0)
		audit_report(c->v, AUDIT_ROW_MOVED, c->seal.id, s->audit_id,
		    c->suspect[origin].audit_id,
		    "the order was changed: row %lld holds what was row %lld",
		    (long long)s->audit_id, (long long)c->suspect[origin].audit_id);
	else
		audit_report(c->v, AUDIT_ROW_CHANGED, c->seal.id, s->audit_id, 0,
		    "row %lld was changed", (long long)s->audit_id);
}

void
audit_suspects_drop(struct audit_check *c)
{
	for (int i = 0; i < c->suspects; i++)
		free(c->suspect[i].texts);
	c->suspects = 0;
	c->more_suspects = 0;
}
