/* Packages put in. See package_add.h. */
#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "hex.h"
#include "package/package_signature.h"
#include "store/package/package_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "package_add.h"
#include "package_audience.h"
#include "package_content.h"

#define NAME_BYTES_MAX 150
#define ID_BYTES_MAX 64

static int
check_order(const struct package_order *o, const char **wrong, struct gh_error *err)
{
	int rc;

	*wrong = "name";
	if (o->name[0] == '\0' || strlen(o->name) > NAME_BYTES_MAX || !gh_utf8_is_clean(o->name))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "a package's name has 1 to %d bytes and no control character", NAME_BYTES_MAX);
	*wrong = "until";
	if (o->expires != 0 && o->expires <= gh_now())
		return gh_refuse(err, GH_E_BAD_REQUEST, "the package would have expired already");
	*wrong = "for";
	if ((rc = package_audience_check(o->audience, err)) == 0)
		*wrong = NULL;
	return rc;
}

/* An id that was given, as answers of that kind name a package. */
static int
put_given(const struct package_order *o, struct gh_buf *out, struct gh_error *err)
{
	unsigned char *id = NULL;
	size_t len = 0;

	if (gh_hex_decode(o->id, strlen(o->id), &id, &len, NULL) != 0 || len == 0 ||
	    len > ID_BYTES_MAX) {
		free(id);
		return gh_refuse(err, GH_E_BAD_REQUEST, "an id is hex, 1 to %d bytes",
		    ID_BYTES_MAX);
	}
	if (o->kind == PACKAGE_FIRMWARE) /* the legacy form of a name: RFC 4108, 2.2.3 */
		gh_der_put(out, GH_DER_OCTETS, id, len);
	else
		gh_buf_put(out, id, len);
	free(id);
	return gh_buf_check(out, err);
}

/* reference: what answers will name it by; empty: nothing. */
static int
find_reference(const struct package_order *o, const struct package_form *form,
    struct gh_buf *reference, struct gh_error *err)
{
	bool has_answers = package_kind_info(o->kind)->pal_answer != 0;

	if (o->id != NULL && (form->reference.p != NULL || !has_answers))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    has_answers ? "the package names itself: it takes no other id"
				: "there are no answers to a package of this kind: it takes no id");
	if (o->asks_answer && (!has_answers || (o->id == NULL && form->reference.p == NULL)))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    has_answers ? "the package does not name itself: give an id, so that answers "
				  "can name it"
				: "there are no answers to a package of this kind");
	if (o->id != NULL)
		return put_given(o, reference, err);
	gh_buf_put(reference, form->reference.p, form->reference.len);
	return gh_buf_check(reference, err);
}

static int
make_row(const struct package_order *o, const struct package_form *form,
    const struct gh_buf *reference, gh_json **out, struct gh_error *err)
{
	char *hex = reference->len > 0 ? gh_hex_encode(reference->data, reference->len) : NULL;
	gh_json *row = *out = gh_json_new_object();
	int bad = row == NULL || (reference->len > 0 && hex == NULL);

	bad |= gh_json_set_string(row, "kind", package_kind_info(o->kind)->word);
	bad |= gh_json_set_string(row, "name", o->name);
	bad |= gh_json_set_string(row, "audience", o->audience);
	bad |= gh_json_set_string(row, "reference", hex);
	bad |= gh_json_set_int(row, "size", (int64_t)form->der.len);
	bad |= gh_json_set_bool(row, "sealed", package_is_secret(o->kind));
	bad |= gh_json_set_bool(row, "wants_receipt", form->wants_receipt || o->asks_answer);
	bad |= gh_json_set_int(row, "added_at", gh_now());
	bad |= o->expires != 0 ? gh_json_set_int(row, "expires_at", o->expires)
			       : gh_json_set_string(row, "expires_at", NULL);
	free(hex);
	return bad ? gh_fail(err, GH_E_NOMEM, "package") : 0;
}

static int
record(struct store *s, const unsigned char server_secret[GH_KEY_SIZE], const struct requester *who,
    const struct package_order *o, const struct package_form *form, struct package_added *out,
    struct gh_error *err)
{
	struct gh_buf reference, content = {0};
	gh_json *row = NULL;
	int rc;

	gh_buf_init(&reference, CMS_DER_MAX);
	if ((rc = find_reference(o, form, &reference, err)) != 0)
		out->wrong = o->id != NULL ? "id" : "answer";
	if (rc == 0 && (rc = make_row(o, form, &reference, &row, err)) == 0 &&
	    (rc = package_content_seal(o->kind, server_secret, &form->der, &content, err)) == 0)
		rc = store_add_package(s, who, row, &content, &out->id, err);
	gh_json_free(row);
	gh_buf_free(&content);
	gh_buf_free(&reference);
	return rc;
}

int
package_add(struct store *s, const unsigned char server_secret[GH_KEY_SIZE],
    const struct requester *who, const struct package_order *order, struct package_added *out,
    struct gh_error *err)
{
	struct package_form form = {0};
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = check_order(order, &out->wrong, err)) == 0 &&
	    (rc = package_form_read(order->kind, order->bytes, order->len, &form, err)) == 0 &&
	    (rc = package_signature_check(&form, order->signers, &out->is_checked, err)) == 0)
		rc = record(s, server_secret, who, order, &form, out, err);
	out->is_signed = form.is_signed;
	out->is_plain = form.is_plain;
	package_form_clear(&form);
	return rc;
}
