/* Certificates from elsewhere. See cert_import.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "catalog/metadata_change.h"
#include "dn_print.h"
#include "store/inventory/foreign_cert_row.h"
#include "store/status/revocation.h"
#include "utf8.h"

#include "cert_import.h"

#define SOURCE_SIZE 200
#define SUBJECT_SIZE 400

/* One certificate, and what is said of it. */
struct verdict {
	const char *result;
	int64_t id;
	char subject[SUBJECT_SIZE];
	char reason[sizeof(((struct gh_error *)0)->message)];
};

/* ---- is it ours? ---- */

/* The CA that has signed it, whatever its state is; NULL: none of ours. */
static const struct ca *
find_signer(const struct ca_set *cas, X509 *cert)
{
	const struct ca *found = NULL;

	for (size_t i = 0; i < cas->n && found == NULL; i++) {
		X509 *ca = cas->ca[i]->cert;
		EVP_PKEY *key = ca != NULL ? X509_get0_pubkey(ca) : NULL;

		if (key != NULL &&
		    X509_NAME_cmp(X509_get_subject_name(ca), X509_get_issuer_name(cert)) == 0 &&
		    X509_verify(cert, key) == 1)
			found = cas->ca[i];
	}
	ERR_clear_error();
	return found;
}

static bool
is_of_chain(const struct ca_set *cas, const struct gh_der *der)
{
	for (size_t i = 0; i < cas->n; i++)
		for (size_t j = 0; j < cas->ca[i]->chain.n; j++)
			if (gh_der_equals(der, cas->ca[i]->chain.cert[j].der,
				cas->ca[i]->chain.cert[j].len))
				return true;
	return false;
}

/* Not with these bytes. */
static int
refuse_own(const struct cert_import *in, const struct ca *ca, const struct gh_der *der,
    struct gh_error *err)
{
	struct store_own_cert own;
	int rc = store_recognize(in->store, der->p, der->len, &own, err);

	if (rc != 0 && rc != GH_E_AUTH_FAILED)
		return rc;
	if (rc == 0 && own.is_ours)
		return gh_refuse(err, GH_E_CONFLICT,
		    "our CA %.64s has issued it, and its signature was written in another way",
		    ca->name);
	if (is_of_chain(in->cas, der))
		return gh_refuse(err, GH_E_CONFLICT, "it is the certificate of a CA that is here");
	return gh_refuse(err, GH_E_CONFLICT,
	    "our CA %.64s has signed it, and it is not recorded here: an import does not make it known "
	    "(see \"gatehouse db restored\")",
	    ca->name);
}

/* ---- one ---- */

static void
take_subject(const struct foreign_cert *cert, struct verdict *v)
{
	char *text = gh_dn_print(cert->parts.subject.p, cert->parts.subject.len, true);

	snprintf(v->subject, sizeof(v->subject), "%s", text != NULL ? text : "");
	gh_utf8_clean(v->subject);
	free(text);
}

static int
store_one(const struct cert_import *in, const struct foreign_cert *cert, const struct gh_der *der,
    const gh_json *metadata, struct verdict *v, struct gh_error *err)
{
	char source[SOURCE_SIZE];
	const struct store_foreign f = {.cert = cert,
	    .der = *der,
	    .metadata = metadata,
	    .request_id = in->request_id,
	    .source = source};
	bool is_new;
	int rc;

	snprintf(source, sizeof(source), "%.150s", in->name != NULL ? in->name : "import");
	if ((rc = store_import_cert(in->store, in->who, &f, &v->id, &is_new, err)) != 0)
		return rc;
	v->result = is_new ? "stored" : "present";
	if (is_new && cert->note != NULL)
		snprintf(v->reason, sizeof(v->reason), "%s", cert->note);
	if (!is_new && gh_json_size(metadata) > 0)
		snprintf(v->reason, sizeof(v->reason), "its metadata stay as they are");
	return 0;
}

static int
judge(const struct cert_import *in, const struct gh_der *der, const gh_json *metadata,
    struct verdict *v, struct gh_error *err)
{
	struct foreign_cert cert;
	const struct ca *ca;
	int rc = foreign_cert_read(der->p, der->len, &cert, err);

	if (rc == 0)
		take_subject(&cert, v);
	if (rc == 0 && (rc = store_find_sha256(in->store, der, &v->id, err)) == 0) {
		if (v->id == 0 && (ca = find_signer(in->cas, cert.x509)) != NULL)
			rc = refuse_own(in, ca, der, err);
		else
			rc = store_one(in, &cert, der, metadata, v, err);
	}
	foreign_cert_clear(&cert);
	return rc;
}

/* What is the fault of the certificate; else the import ends. */
bool
cert_import_is_refusal(int rc)
{
	return rc == GH_E_BAD_REQUEST || rc == GH_E_CONFLICT || rc == GH_E_METADATA ||
	    rc == GH_E_AUTH_FAILED || rc == GH_E_TOO_LARGE;
}

int
cert_import_one(const struct cert_import *in, const struct gh_der *der, int64_t *id,
    struct gh_error *err)
{
	struct verdict v = {.result = "refused"};
	int rc = judge(in, der, NULL, &v, err);

	*id = rc == 0 ? v.id : 0;
	return rc;
}

/* ---- report ---- */

static int
note(const struct cert_import *in, const struct cert_bundle_item *item, const struct verdict *v,
    struct cert_import_report *to, struct gh_error *err)
{
	bool is_refused = strcmp(v->result, "refused") == 0;
	char file[SOURCE_SIZE];
	gh_json *o;
	int bad = 0;

	to->stored += strcmp(v->result, "stored") == 0;
	to->present += strcmp(v->result, "present") == 0;
	to->refused += is_refused;
	if (to->only_refused && !is_refused && *v->reason == '\0')
		return 0;
	o = gh_json_new_object();
	if (in->name != NULL) {
		snprintf(file, sizeof(file), "%s", in->name);
		bad |= gh_json_set_string(o, "file", gh_utf8_clean(file));
	}
	if (item != NULL && item->line > 0)
		bad |= gh_json_set_int(o, "line", item->line);
	bad |= gh_json_set_int(o, "number", item != NULL ? item->number : 0);
	bad |= gh_json_set_string(o, "result", v->result);
	bad |= v->id != 0 ? gh_json_set_int(o, "id", v->id) : gh_json_set_string(o, "id", NULL);
	bad |= gh_json_set_string(o, "subject", *v->subject != '\0' ? v->subject : NULL);
	bad |= gh_json_set_string(o, "reason", *v->reason != '\0' ? v->reason : NULL);
	bad |= gh_json_append(to->entries, o);
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "report") : 0;
}

/* A refusal becomes a row of the report. */
static int
conclude(const struct cert_import *in, const struct cert_bundle_item *item, struct verdict *v,
    int rc, struct cert_import_report *to, struct gh_error *err)
{
	if (rc != 0 && !cert_import_is_refusal(rc))
		return rc;
	if (rc != 0) {
		v->result = "refused";
		v->id = 0;
		snprintf(v->reason, sizeof(v->reason), "%s", err->message);
		gh_utf8_clean(v->reason);
	}
	return note(in, item, v, to, err);
}

/* ---- all of it ---- */

int
cert_import_metadata(const struct cert_import *in, gh_json **out, struct gh_error *err)
{
	const struct metadata_change c = {.field = in->field,
	    .fields = in->fields,
	    .is_officer = true};
	gh_json *none = gh_json_new_object(), *changes = NULL;
	int rc = none != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata");

	*out = NULL;
	if (rc == 0 && gh_json_size(in->metadata) > 0)
		rc = metadata_change(&c, none, in->metadata, out, &changes, err);
	gh_json_free(none);
	gh_json_free(changes);
	return rc;
}

static int
import_all(const struct cert_import *in, const struct cert_bundle *b, const gh_json *metadata,
    struct cert_import_report *to, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->n; i++) {
		const struct cert_bundle_item *item = &b->item[i];
		struct verdict v = {.result = "refused"};
		int bad = item->der != NULL
		    ? judge(in, &(struct gh_der){item->der, item->len}, metadata, &v, err)
		    : gh_refuse(err, GH_E_BAD_REQUEST, "%s", item->wrong);

		rc = conclude(in, item, &v, bad, to, err);
	}
	return rc;
}

int
cert_import(const struct cert_import *in, const void *bytes, size_t len,
    struct cert_import_report *report, struct gh_error *err)
{
	struct cert_bundle bundle = {0};
	struct verdict v = {.result = "refused"};
	gh_json *metadata = NULL;
	int rc = cert_import_metadata(in, &metadata, err);

	if (rc == 0)
		rc = cert_bundle_read(bytes, len, in->password, &bundle, err);
	if (rc == 0 && in->max > 0 && bundle.n > in->max)
		rc = gh_refuse(err, GH_E_TOO_LARGE,
		    "there are %zu certificates in it: at most %zu are taken", bundle.n, in->max);
	if (rc != 0)
		rc = conclude(in, NULL, &v, rc, report, err);
	if (rc == 0)
		rc = import_all(in, &bundle, metadata, report, err);
	report->keys += bundle.keys;
	cert_bundle_clear(&bundle);
	gh_json_free(metadata);
	return rc;
}

int
cert_import_refuse(const struct cert_import *in, const char *why, struct cert_import_report *report,
    struct gh_error *err)
{
	struct verdict v = {.result = "refused"};

	snprintf(v.reason, sizeof(v.reason), "%s", why);
	gh_utf8_clean(v.reason);
	return note(in, NULL, &v, report, err);
}
