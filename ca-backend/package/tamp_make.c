/* TAMP messages made. See tamp_make.h. */
#include <string.h>

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
put_oid(struct gh_buf *out, const char *dotted, struct gh_error *err)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);

	if (oid == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "a community is an OID, such as 1.2.3");
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
		rc = put_oid(&list, dotted[i], err);
	put_whole(out, GH_DER_CONTEXT(number), &list);
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

static int
put_updates(struct gh_buf *out, const struct tamp_order *o, struct gh_error *err)
{
	struct gh_buf list, one;

	if (sk_X509_num(o->add) <= 0 && sk_X509_num(o->remove) <= 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "an update adds or removes at least one trust anchor");
	gh_buf_init(&list, MESSAGE_MAX);
	for (int i = 0; i < sk_X509_num(o->remove); i++)
		put_removal(&list, sk_X509_value(o->remove, i));
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
