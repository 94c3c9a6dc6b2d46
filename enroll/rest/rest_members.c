/* Members of bodies. See rest_members.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "utf8.h"

#include "rest_list.h"
#include "rest_members.h"

#define PATH_SIZE 96   /* in a complaint */
#define WORDS_SIZE 160 /* a list of them in a complaint */

/* --- octets ----------------------------------------------------------------------------------- */

void
rest_octets_clear(struct rest_octets *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->p[i]);
	o->n = 0;
}

/* What gh_base64_decode takes beyond RFC 4648, 4: white space, and padding that is missing. */
static bool
is_strict(const char *text, size_t len)
{
	return len % 4 == 0 && strpbrk(text, " \t\r\n\v\f") == NULL;
}

static bool
decode(struct rest_fields *f, const char *name, const char *text, struct rest_octets *keep,
    struct gh_der *out)
{
	size_t len = strlen(text), n;
	unsigned char *p;
	int rc = keep->n == REST_OCTETS_MAX ? GH_E_NOMEM : GH_E_BAD_REQUEST;

	if (rc == GH_E_BAD_REQUEST && is_strict(text, len))
		rc = gh_base64_decode(text, len, &p, &n, NULL);
	if (rc == GH_E_BAD_REQUEST)
		rest_field_wrong(f, name, "The field %s must be base64 (RFC 4648, 4).", name);
	else if (rc != 0)
		f->failed = true;
	if (rc != 0)
		return false;
	keep->p[keep->n++] = p;
	*out = (struct gh_der){p, n};
	return true;
}

void
rest_base64(struct rest_fields *f, const gh_json *body, const char *name, size_t min, size_t max,
    bool required, struct rest_octets *keep, struct gh_der *out)
{
	/* a longer one is told in octets, below */
	const char *text = rest_text(f, body, name, 0, SIZE_MAX, required);

	*out = (struct gh_der){NULL, 0};
	if (text == NULL || !decode(f, name, text, keep, out))
		return;
	if (out->len < min || out->len > max) {
		rest_field_wrong(f, name, "The field %s must be %zu to %zu octets.", name, min,
		    max);
		*out = (struct gh_der){NULL, 0};
	}
}

/* --- numbers, words, objects ------------------------------------------------------------------ */

int64_t
rest_id(struct rest_fields *f, const gh_json *body, const char *name, bool required)
{
	const gh_json *v = rest_member(body, name);
	int64_t id;

	if (gh_json_type(v) == GH_JSON_NULL) {
		if (required)
			rest_field_wrong(f, name, "The field %s is required.", name);
		return 0;
	}
	if (gh_json_type(v) == GH_JSON_INT && gh_json_int(v, &id) && id > 0)
		return id;
	rest_field_wrong(f, name, "The field %s must be a positive integer.", name);
	return 0;
}

int
rest_word(struct rest_fields *f, const gh_json *body, const char *name, const char *const *words,
    bool required)
{
	const char *text = rest_text(f, body, name, 0, SIZE_MAX, required);
	char list[WORDS_SIZE];

	if (text == NULL)
		return -1;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	rest_words(words, list, sizeof(list));
	rest_field_wrong_as(f, name, "no_choice", list, "The field %s must be %s.", name, list);
	return -1;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

void
rest_only(struct rest_fields *f, const gh_json *body, const char *name, const char *const *names)
{
	const gh_json *o = name != NULL ? rest_member(body, name) : body;

	if (gh_json_type(o) != GH_JSON_OBJECT && gh_json_type(o) != GH_JSON_NULL)
		rest_field_wrong(f, name != NULL ? name : "body", "This must be an object.");
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		const char *member = gh_json_iter_name(it);
		char path[PATH_SIZE];

		if (is_among(names, member))
			continue;
		snprintf(path, sizeof(path), "%s%s%.50s", name != NULL ? name : "",
		    name != NULL ? "." : "", member);
		gh_utf8_clean(path);
		rest_field_wrong_as(f, path, "unknown_field", path, "There is no field %s.", path);
	}
}
