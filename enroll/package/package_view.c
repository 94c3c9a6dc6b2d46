/* Packages as they are shown. See package_view.h. */
#include <string.h>
#include <strings.h>

#include "store/package/package_row.h"
#include "timestamp.h"

#include "package_audience.h"
#include "package_content.h"
#include "package_view.h"

static int64_t
id_of(const gh_json *row)
{
	int64_t id = 0;

	return gh_json_int(gh_json_get(row, "id"), &id) ? id : 0;
}

/* As people read them. */
static int
put_time(gh_json *row, const char *member)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t t;

	return gh_json_int(gh_json_get(row, member), &t)
	    ? gh_json_set_string(row, member, gh_timestamp_format(t, text))
	    : 0;
}

static int
put_texts(gh_json *row, struct gh_error *err)
{
	const char *audience = gh_json_string(gh_json_get(row, "audience"));
	int bad = put_time(row, "added_at") | put_time(row, "expires_at");

	if (audience != NULL && package_audience_is_unbound(audience))
		bad |= gh_json_set_string(row, "warning",
		    "nobody gets it: a subject names a device only together with the label that its "
		    "certificate came by (gatehouse package set ID --for device:LABEL/SUBJECT)");
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "package") : 0;
}

static bool
has_text(const gh_json *row, const char *member, const char *wanted)
{
	const char *its = gh_json_string(gh_json_get(row, member));

	return wanted == NULL || (its != NULL && strcmp(its, wanted) == 0);
}

static bool
fits(const gh_json *row, const struct package_filter *f)
{
	int64_t id = id_of(row);

	if (f->after_id != 0 && (f->newest_first ? id >= f->after_id : id <= f->after_id))
		return false;
	return has_text(row, "kind", f->kind) && has_text(row, "audience", f->audience);
}

/* all: by id. */
static int
choose(const gh_json *all, const struct package_filter *f, gh_json *entries, int64_t *next,
    struct gh_error *err)
{
	size_t n = gh_json_size(all);

	for (size_t i = 0; i < n; i++) {
		gh_json *row = gh_json_at(all, f->newest_first ? n - 1 - i : i);

		if (!fits(row, f))
			continue;
		if (f->limit > 0 && gh_json_size(entries) == (size_t)f->limit) {
			*next = id_of(gh_json_at(entries, gh_json_size(entries) - 1));
			return 0;
		}
		if (put_texts(row, err) != 0)
			return GH_E_NOMEM;
		if (gh_json_append(entries, gh_json_ref(row)) != 0)
			return gh_fail(err, GH_E_NOMEM, "packages");
	}
	return 0;
}

int
package_view_page(struct store *s, const struct package_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	gh_json *all, *found = NULL;
	int rc = store_load_packages(s, &all, err);

	*entries = NULL;
	*next = 0;
	if (rc != 0)
		return rc;
	if ((found = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "packages");
	if (rc == 0)
		rc = choose(all, f, found, next, err);
	gh_json_free(all);
	if (rc == 0)
		*entries = found;
	else
		gh_json_free(found);
	return rc;
}

/* What it is sent as, when it is as it was put in. */
static int
put_content(struct store *s, const unsigned char server_secret[GH_KEY_SIZE], gh_json *row,
    struct gh_error *err)
{
	struct package_form form = {0};
	enum package_kind kind;
	struct gh_buf der;
	int rc = package_content_load(s, server_secret, row, &der, err);

	if (rc == 0 && !package_kind_find(gh_json_string(gh_json_get(row, "kind")), &kind))
		rc = gh_fail(err, GH_E_INTERNAL, "a package of an unknown kind");
	if (rc == 0)
		rc = package_form_read(kind, der.data, der.len, &form, err);
	if (rc == 0 &&
	    (gh_json_set_string(row, "media_type", form.media) != 0 ||
		gh_json_set_bool(row, "signed", form.is_signed) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "package");
	package_form_clear(&form);
	gh_buf_free(&der);
	return rc;
}

int
package_view_one(struct store *s, const unsigned char server_secret[GH_KEY_SIZE], int64_t id,
    gh_json **out, struct gh_error *err)
{
	gh_json *all, *row = NULL;
	int rc = store_load_packages(s, &all, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	for (size_t i = 0; row == NULL && i < gh_json_size(all); i++)
		if (id_of(gh_json_at(all, i)) == id)
			row = gh_json_at(all, i);
	if (row == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no package %lld.", (long long)id);
	else if ((rc = put_content(s, server_secret, row, err)) == 0 &&
	    (rc = put_texts(row, err)) == 0)
		*out = gh_json_ref(row);
	gh_json_free(all);
	return rc;
}
