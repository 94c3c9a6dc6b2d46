/* TAMP messages made. See tamp_make.h. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "tamp_make.h"

#define MESSAGE_MAX (256 * 1024) /* bytes */

static void
put_whole(struct gh_buf *out, unsigned tag, const struct gh_buf *content)
{
	gh_der_put(out, tag, content->data, content->len);
	out->failed |= content->failed;
}

/* --- parts ------------------------------------------------------------------------------------ */

static void
put_number(struct gh_buf *out, int64_t number)
{
	unsigned char octets[9] = {0};
	size_t first = 1;

	for (size_t i = 0; i < 8; i++)
		octets[8 - i] = (unsigned char)((uint64_t)number >> (8 * i));
	while (first < 8 && octets[first] == 0)
		first++;
	if ((octets[first] & 0x80) != 0)
		first--;
	gh_der_put(out, GH_DER_INTEGER, octets + first, sizeof(octets) - first);
}

static int
put_oid(struct gh_buf *out, const char *dotted, const char *what, struct gh_error *err)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);

	if (oid == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is an OID, such as 1.2.3", what);
	gh_der_put(out, GH_DER_OID, OBJ_get0_data(oid), OBJ_length(oid));
	ASN1_OBJECT_free(oid);
	return 0;
}

/* CommunityIdentifierList, implicit */
static int
put_communities(struct gh_buf *out, unsigned number, const char *const *dotted,
    struct gh_error *err)
{
	struct gh_buf list;
	int rc = 0;

	if (dotted == NULL || dotted[0] == NULL)
		return 0;
	gh_buf_init(&list, MESSAGE_MAX);
	for (size_t i = 0; rc == 0 && dotted[i] != NULL; i++)
		rc = put_oid(&list, dotted[i], "a community", err);
	put_whole(out, GH_DER_CONTEXT(number), &list);
	gh_buf_free(&list);
	return rc;
}

/* Octets in hex, up to n digits of them. */
static int
put_serial(struct gh_buf *out, const char *hex, size_t n, struct gh_error *err)
{
	unsigned char *octets = NULL;
	size_t len = 0;
	bool is_good =
	    n > 0 && n % 2 == 0 && gh_hex_decode(hex, n, &octets, &len, NULL) == 0 && len > 0;

	if (is_good)
		gh_der_put(out, GH_DER_OCTETS, octets, len);
	free(octets);
	return is_good
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST,
		  "serial numbers of hardware are hexadecimal: TYPE/0A1B or TYPE/0A00-0AFF");
}

/* HardwareSerialEntry ::= CHOICE { all NULL, single OCTET STRING, block SEQUENCE { low, high } } */
static int
put_serials(struct gh_buf *out, const char *text, struct gh_error *err)
{
	const char *dash = strchr(text, '-');
	struct gh_buf block;
	int rc;

	if (*text == '\0') {
		gh_der_put(out, GH_DER_NULL, NULL, 0);
		return 0;
	}
	if (dash == NULL)
		return put_serial(out, text, strlen(text), err);
	gh_buf_init(&block, MESSAGE_MAX);
	if ((rc = put_serial(&block, text, (size_t)(dash - text), err)) == 0)
		rc = put_serial(&block, dash + 1, strlen(dash + 1), err);
	put_whole(out, GH_DER_SEQUENCE, &block);
	gh_buf_free(&block);
	return rc;
}

/* HardwareModules ::= SEQUENCE { hwType, SEQUENCE OF HardwareSerialEntry } */
static int
put_module(struct gh_buf *out, const char *text, struct gh_error *err)
{
	const char *slash = strchr(text, '/');
	char *type = strndup(text, slash != NULL ? (size_t)(slash - text) : strlen(text));
	struct gh_buf module, serials;
	int rc;

	if (type == NULL)
		return gh_fail(err, GH_E_NOMEM, "hardware module");
	gh_buf_init(&module, MESSAGE_MAX);
	gh_buf_init(&serials, MESSAGE_MAX);
	if ((rc = put_oid(&module, type, "a type of hardware", err)) == 0)
		rc = put_serials(&serials, slash != NULL ? slash + 1 : "", err);
	if (rc == 0 && slash != NULL && slash[1] == '\0')
		rc = put_serial(&serials, "", 0, err);
	put_whole(&module, GH_DER_SEQUENCE, &serials);
	put_whole(out, GH_DER_SEQUENCE, &module);
	gh_buf_free(&serials);
	gh_buf_free(&module);
	free(type);
	return rc;
}

/* hwModules [1], implicit */
static int
put_hardware(struct gh_buf *out, const char *const *text, struct gh_error *err)
{
	struct gh_buf list;
	int rc = 0;

	gh_buf_init(&list, MESSAGE_MAX);
	for (size_t i = 0; rc == 0 && text[i] != NULL; i++)
		rc = put_module(&list, text[i], err);
	put_whole(out, GH_DER_CONTEXT(1), &list);
	gh_buf_free(&list);
	return rc;
}

/* TAMPMsgRef */
static int
put_reference(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	const char *const communities[] = {o->community, NULL};
	struct gh_buf ref;
	int rc = 0;

	gh_buf_init(&ref, MESSAGE_MAX);
	if (o->uri != NULL)
		gh_der_put(&ref, GH_DER_PRIMITIVE(4), o->uri, strlen(o->uri));
	else if (o->hardware != NULL && o->hardware[0] != NULL)
		rc = put_hardware(&ref, o->hardware, err);
	else if (o->community != NULL)
		rc = put_communities(&ref, 2, communities, err);
	else
		gh_der_put(&ref, GH_DER_PRIMITIVE(3), NULL, 0);
	put_number(&ref, o->number);
	put_whole(out, GH_DER_SEQUENCE, &ref);
	gh_buf_free(&ref);
	return rc;
}

/* terse is not the default, so that it is there */
static void
put_terse(struct gh_buf *out, const struct tamp_order *o)
{
	const unsigned char terse = 1;

	if (o->is_terse && o->message != TAMP_SEQUENCE_ADJUST)
		gh_der_put(out, GH_DER_PRIMITIVE(1), &terse, 1);
}

/* --- trust anchors ---------------------------------------------------------------------------- */

static void
put_certificate(struct gh_buf *out, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	if (n > 0)
		gh_buf_put(out, der, (size_t)n);
	else
		out->failed = true;
	OPENSSL_free(der);
}

/* remove [2] SubjectPublicKeyInfo, implicit */
static void
put_removal(struct gh_buf *out, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (n > 0) {
		der[0] = GH_DER_CONTEXT(2);
		gh_buf_put(out, der, (size_t)n);
	} else {
		out->failed = true;
	}
	OPENSSL_free(der);
}

/* Appended under a tag: implicit, or around it where what is tagged is a CHOICE. der: of libcrypto,
 * taken over. */
static void
put_tagged(struct gh_buf *out, unsigned tag, bool is_explicit, unsigned char *der, int n)
{
	if (n <= 0)
		out->failed = true;
	else if (is_explicit)
		gh_der_put(out, tag, der, (size_t)n);
	else {
		der[0] = (unsigned char)tag;
		gh_buf_put(out, der, (size_t)n);
	}
	OPENSSL_free(der);
}

static void
put_validity(struct gh_buf *out, X509 *cert)
{
	const ASN1_TIME *const times[] = {X509_get0_notBefore(cert), X509_get0_notAfter(cert)};
	struct gh_buf validity;

	gh_buf_init(&validity, MESSAGE_MAX);
	for (size_t i = 0; i < 2; i++) {
		unsigned char *der = NULL;
		int n = i2d_ASN1_TIME(times[i], &der);

		put_tagged(&validity, n > 0 ? der[0] : 0, false, der, n);
	}
	put_whole(out, GH_DER_CONTEXT(2), &validity);
	gh_buf_free(&validity);
}

/* TBSCertificateChangeInfo: all that the certificate says */
static void
put_certificate_change(struct gh_buf *out, X509 *cert)
{
	const STACK_OF(X509_EXTENSION) *exts = X509_get0_extensions(cert);
	unsigned char *der[6] = {NULL};
	int n[6];

	n[0] = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &der[0]);
	n[1] = i2d_X509_ALGOR(X509_get0_tbs_sigalg(cert), &der[1]);
	n[2] = i2d_X509_NAME(X509_get_issuer_name(cert), &der[2]);
	n[3] = i2d_X509_NAME(X509_get_subject_name(cert), &der[3]);
	n[4] = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der[4]);
	n[5] = exts != NULL ? i2d_X509_EXTENSIONS(exts, &der[5]) : 0;
	put_tagged(out, GH_DER_INTEGER, false, der[0], n[0]);
	put_tagged(out, GH_DER_CONTEXT(0), false, der[1], n[1]);
	put_tagged(out, GH_DER_CONTEXT(1), true, der[2], n[2]);
	put_validity(out, cert);
	put_tagged(out, GH_DER_CONTEXT(3), true, der[3], n[3]);
	put_tagged(out, GH_DER_CONTEXT(4), false, der[4], n[4]);
	if (exts != NULL)
		put_tagged(out, GH_DER_CONTEXT(5), true, der[5], n[5]);
}

/* TrustAnchorChangeInfo: another title */
static void
put_title_change(struct gh_buf *out, X509 *cert, const char *title)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	put_tagged(out, GH_DER_SEQUENCE, false, der, n);
	gh_der_put(out, GH_DER_UTF8, title, strlen(title));
}

/* change [3] TrustAnchorChangeInfoChoice, explicit */
static void
put_change(struct gh_buf *out, X509 *cert, const char *title)
{
	struct gh_buf info, choice;

	gh_buf_init(&info, MESSAGE_MAX);
	gh_buf_init(&choice, MESSAGE_MAX);
	if (title != NULL)
		put_title_change(&info, cert, title);
	else
		put_certificate_change(&info, cert);
	put_whole(&choice, GH_DER_CONTEXT(title != NULL ? 1 : 0), &info);
	put_whole(out, GH_DER_CONTEXT(3), &choice);
	gh_buf_free(&choice);
	gh_buf_free(&info);
}

static int
put_updates(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	struct gh_buf list, one;

	if (sk_X509_num(o->add) <= 0 && sk_X509_num(o->remove) <= 0 && sk_X509_num(o->change) <= 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "an update adds, removes or changes at least one trust anchor");
	gh_buf_init(&list, MESSAGE_MAX);
	for (int i = 0; i < sk_X509_num(o->remove); i++)
		put_removal(&list, sk_X509_value(o->remove, i));
	for (int i = 0; i < sk_X509_num(o->change); i++)
		put_change(&list, sk_X509_value(o->change, i), o->title);
	for (int i = 0; i < sk_X509_num(o->add); i++) {
		gh_buf_init(&one, MESSAGE_MAX);
		put_certificate(&one, sk_X509_value(o->add, i));
		put_whole(&list, GH_DER_CONTEXT(1), &one); /* explicit: it is a CHOICE */
		gh_buf_free(&one);
	}
	put_whole(out, GH_DER_SEQUENCE, &list);
	gh_buf_free(&list);
	return 0;
}

static int
put_apex(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	const unsigned char flags[] = {o->clears_anchors ? 0xff : 0,
	    o->clears_communities ? 0xff : 0};

	if (sk_X509_num(o->add) != 1)
		return gh_refuse(err, GH_E_BAD_REQUEST, "an apex update has one trust anchor");
	gh_der_put(out, GH_DER_BOOLEAN, &flags[0], 1);
	gh_der_put(out, GH_DER_BOOLEAN, &flags[1], 1);
	put_certificate(out, sk_X509_value(o->add, 0));
	return 0;
}

static int
put_community_updates(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	struct gh_buf updates;
	int rc;

	gh_buf_init(&updates, MESSAGE_MAX);
	rc = put_communities(&updates, 1, o->leave, err);
	if (rc == 0)
		rc = put_communities(&updates, 2, o->join, err);
	if (rc == 0 && updates.len == 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "a community update adds or removes at least one community");
	put_whole(out, GH_DER_SEQUENCE, &updates);
	gh_buf_free(&updates);
	return rc;
}

static int
put_body(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	switch (o->message) {
	case TAMP_STATUS_QUERY:
	case TAMP_SEQUENCE_ADJUST:
		return 0;
	case TAMP_UPDATE:
		return put_updates(out, o, err);
	case TAMP_APEX_UPDATE:
		return put_apex(out, o, err);
	case TAMP_COMMUNITY_UPDATE:
		return put_community_updates(out, o, err);
	default:
		return gh_fail(err, GH_E_INTERNAL, "no message to clients");
	}
}

int
tamp_make(const struct tamp_order *o, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf body;
	int rc;

	gh_buf_init(&body, MESSAGE_MAX);
	put_terse(&body, o);
	if ((rc = put_reference(&body, o, err)) == 0 && (rc = put_body(&body, o, err)) == 0)
		put_whole(out, GH_DER_SEQUENCE, &body);
	gh_buf_free(&body);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}
