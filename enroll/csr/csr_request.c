/* Three forms of one request. See csr_request.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "digest.h"
#include "idempotency.h"
#include "rest/rest_members.h"
#include "utf8.h"

#include "csr_data.h"
#include "csr_facts.h"
#include "csr_form.h"
#include "csr_request.h"

#define CSR_TEXT_MAX (4 * CA_PKCS10_DER_MAX) /* characters */
#define COMMON_NAME_MAX 64                   /* characters: ub-common-name (RFC 5280, A.1) */
#define NAME_MAX_CHARS 255
#define EMAIL_MAX 254 /* RFC 5321, 4.5.3.1.3 */
#define SANS_MAX 100
#define CONTENT_MAX (1024 * 1024)

static const char *const purposes[] = {"server_auth", "client_auth", "email_protection",
    "code_signing", NULL};

static const char *const names[] = {"csr_data", "common_name", "validity_days", "ca_id",
    "purpose_category", "template", "tenant_id", "email", "language", "approval_password",
    "form_token", "metadata", "sans", NULL};

/* ---- one field ---- */

/* A text of one line, which may reach a mail, a header, a log. NULL: absent or wrong. */
static const char *
take_line(struct csr_request *r, const char *name, size_t max)
{
	const char *text = rest_text(&r->fields, r->body, name, 1, max, false);

	if (text == NULL || gh_utf8_is_clean(text))
		return text;
	rest_field_wrong_as(&r->fields, name, "not_a_line", NULL,
	    "The field %s must be one line without control characters.", name);
	return NULL;
}

/* A number in JSON, digits in a form. */
static int64_t
take_days(struct csr_request *r)
{
	const gh_json *v = gh_json_get(r->body, "validity_days");
	int64_t days = 0;
	char most[12];

	if (gh_json_type(v) == GH_JSON_NULL)
		return 0;
	if (gh_json_int(v, &days) && days >= 1 && days <= CSR_DAYS_MAX)
		return days;
	snprintf(most, sizeof(most), "%d", CSR_DAYS_MAX);
	rest_field_wrong_as(&r->fields, "validity_days", "days", most,
	    "The field validity_days must be a whole number from 1 to %s.", most);
	return 0;
}

/* A CA has a number in JSON, too. */
static const char *
take_ca(struct csr_request *r)
{
	gh_json *v = gh_json_get(r->body, "ca_id");
	int64_t id;
	char text[24];

	if (gh_json_type(v) == GH_JSON_INT && gh_json_int(v, &id)) {
		snprintf(text, sizeof(text), "%lld", (long long)id);
		if (gh_json_set_string(r->body, "ca_id", text) != 0) {
			r->fields.failed = true;
			return NULL;
		}
	}
	return take_line(r, "ca_id", NAME_MAX_CHARS);
}

/* RFC 5321, 4.1.2, without the forms that nobody's address has: quoted local parts and literals. */
static bool
is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"(),:;<>[\\]", *p) != NULL)
			return false;
	return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	    at[1] != '.' && at[1] != '-';
}

static const char *
take_email(struct csr_request *r)
{
	const char *text = take_line(r, "email", EMAIL_MAX);

	if (text == NULL || is_mail(text))
		return text;
	rest_field_wrong_as(&r->fields, "email", "email", NULL,
	    "The field email must be one mail address.");
	return NULL;
}

static const char *
take_language(struct csr_request *r)
{
	const char *text = take_line(r, "language", 16);

	if (text == NULL ||
	    (text[strspn(text,
		 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0'))
		return text;
	rest_field_wrong(&r->fields, "language", "The field language must be a tag as \"de\".");
	return NULL;
}

static const char *
take_token(struct csr_request *r)
{
	const char *text = rest_text(&r->fields, r->body, "form_token", 1, SIZE_MAX, false);

	if (text == NULL || idempotency_key_is_valid(text))
		return text;
	rest_field_wrong(&r->fields, "form_token",
	    "The field form_token must be 1 to %d printable characters.", IDEMPOTENCY_KEY_MAX);
	return NULL;
}

static const gh_json *
take_metadata(struct csr_request *r)
{
	const gh_json *v = gh_json_get(r->body, "metadata");

	if (gh_json_type(v) == GH_JSON_NULL || gh_json_type(v) == GH_JSON_OBJECT)
		return gh_json_type(v) == GH_JSON_NULL ? NULL : v;
	rest_field_wrong_as(&r->fields, "metadata", "object", NULL,
	    "The field metadata must be an object.");
	return NULL;
}

static const gh_json *
take_sans(struct csr_request *r)
{
	const gh_json *v = gh_json_get(r->body, "sans");
	bool is_wrong = gh_json_type(v) != GH_JSON_ARRAY || gh_json_size(v) > SANS_MAX;
	char most[12];

	if (gh_json_type(v) == GH_JSON_NULL)
		return NULL;
	for (size_t i = 0; !is_wrong && i < gh_json_size(v); i++) {
		const char *text = gh_json_string(gh_json_at((gh_json *)v, i));

		is_wrong = text == NULL || *text == '\0' || !gh_utf8_is_clean(text);
	}
	if (!is_wrong)
		return v;
	snprintf(most, sizeof(most), "%d", SANS_MAX);
	rest_field_wrong_as(&r->fields, "sans", "sans", most,
	    "The field sans must be a list of at most %s names, as \"dns:www.example.com\".", most);
	return NULL;
}

/* ---- the certificate request ---- */

/* What a check said of one field; other failures are the caller's. */
static int
note(struct csr_request *r, const char *field, int rc, const struct gh_error *err)
{
	switch (rc) {
	case 0:
		return 0;
	case GH_E_CSR:
	case GH_E_TOO_LARGE:
	case GH_E_VALIDATION:
	case GH_E_CSR_SIGNATURE:
	case GH_E_CSR_WEAK:
		rest_field_refused(&r->fields, field, err);
		return 0;
	default:
		return rc;
	}
}

/* Proof of possession and the floor for keys are looked at here, too, so that they are named with
 * all else that is wrong. */
static int
take_csr(struct csr_request *r, struct gh_error *err)
{
	const char *text = rest_text(&r->fields, r->body, "csr_data", 1, CSR_TEXT_MAX, true);
	int rc;

	if (text == NULL)
		return 0;
	rc = csr_data_parse(text, strlen(text), &r->csr, err);
	if (rc == 0)
		rc = ca_pkcs10_check(r->csr, err);
	return note(r, "csr_data", rc, err);
}

static int
check_names(struct csr_request *r, struct gh_error *err)
{
	int rc;

	if (r->csr == NULL)
		return 0;
	/* one that is wrong in itself has been named */
	rc = gh_json_get(r->fields.errors, "common_name") == NULL
	    ? note(r, "common_name", csr_check_common_name(r->csr, r->common_name, err), err)
	    : 0;
	if (rc == 0 && r->sans != NULL)
		rc = note(r, "sans", csr_check_sans(r->csr, r->sans, err), err);
	return rc;
}

/* ---- all of it ---- */

static int
read_body(const struct call *call, const struct gh_form *form, struct csr_request *r,
    struct gh_error *err)
{
	if (form != NULL && form->field != NULL)
		return csr_form_read(form, &r->fields, &r->body, err);
	return rest_body(call, &r->body, err);
}

int
csr_request_read(const struct call *call, const struct gh_form *form, struct csr_request *out,
    struct gh_error *err)
{
	struct rest_fields *f = &out->fields;
	int purpose, rc;

	memset(out, 0, sizeof(*out));
	if ((rc = read_body(call, form, out, err)) != 0)
		return rc;
	rest_only(f, out->body, NULL, names);
	out->common_name = take_line(out, "common_name", COMMON_NAME_MAX);
	out->validity_days = take_days(out);
	out->ca_id = take_ca(out);
	purpose = rest_word(f, out->body, "purpose_category", purposes, false);
	out->purpose = purpose >= 0 ? purposes[purpose] : NULL;
	out->template_name = take_line(out, "template", NAME_MAX_CHARS);
	out->tenant = take_line(out, "tenant_id", NAME_MAX_CHARS);
	out->email = take_email(out);
	out->language = take_language(out);
	out->approval_password =
	    rest_text(f, out->body, "approval_password", 1, NAME_MAX_CHARS, false);
	out->form_token = take_token(out);
	out->metadata = take_metadata(out);
	out->sans = take_sans(out);
	if ((rc = take_csr(out, err)) == 0)
		rc = check_names(out, err);
	return rc != 0 ? rc : rest_fields_check(f, err);
}

void
csr_request_clear(struct csr_request *r)
{
	const char *csr; /* somebody may have sent his key */

	/* the texts are ours alone: the body was made for this call */
	if (r->approval_password != NULL)
		OPENSSL_cleanse((char *)r->approval_password, strlen(r->approval_password));
	csr = gh_json_string(gh_json_get(r->body, "csr_data"));
	if (csr != NULL)
		OPENSSL_cleanse((char *)csr, strlen(csr));
	gh_json_free(r->body);
	ca_pkcs10_free(r->csr);
	rest_fields_clear(&r->fields);
	memset(r, 0, sizeof(*r));
}

/* ---- the same once more ---- */

static void
put_json(struct gh_buf *b, const gh_json *v)
{
	char *text = v != NULL ? gh_json_print(v, false) : NULL;

	b->failed |= v != NULL && text == NULL;
	gh_buf_put_string(b, text);
	free(text);
}

int
csr_request_content(const struct csr_request *r, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err)
{
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, CONTENT_MAX);
	gh_buf_put_block(&b, r->csr->der, r->csr->der_len);
	gh_buf_put_string(&b, r->common_name);
	gh_buf_put_u64(&b, (uint64_t)r->validity_days);
	gh_buf_put_string(&b, r->ca_id);
	gh_buf_put_string(&b, r->purpose);
	gh_buf_put_string(&b, r->template_name);
	gh_buf_put_string(&b, r->tenant);
	gh_buf_put_string(&b, r->email);
	put_json(&b, r->metadata);
	put_json(&b, r->sans);
	ok = gh_buf_check(&b, NULL) == 0 && gh_digest(GH_SHA256, b.data, b.len, out);
	gh_buf_free(&b);
	return ok ? 0 : gh_fail(err, GH_E_NOMEM, "SHA-256 of a request");
}
