/* Keys of distinguished names. See dn_key.h. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "dn_key.h"
#include "name_prep.h"
#include "utf8.h"

#define RDN_AVAS_MAX 32           /* attributes of one RDN */
#define KEY_TEXT_MAX (256 * 1024) /* of the form that is hashed */

/* --- values ----------------------------------------------------------------------------------- */

/* Bytes of a character in the string types of X.509 that are not UTF-8; 0 = no string. What stands
 * in a TeletexString is in practice ISO 8859-1, and so is what others than ASCII put into the types
 * for ASCII. */
static size_t
char_size(unsigned tag)
{
	switch (tag) {
	case 0x12: /* NumericString */
	case 0x13: /* PrintableString */
	case 0x14: /* TeletexString */
	case 0x16: /* IA5String */
	case 0x1a: /* VisibleString */
	case 0x1b: /* GeneralString */
		return 1;
	case 0x1c: /* UniversalString */
		return 4;
	case 0x1e: /* BMPString */
		return 2;
	default:
		return 0;
	}
}

static bool
put_utf8(struct gh_buf *out, const struct gh_der *value, size_t size)
{
	for (size_t i = 0; i + size <= value->len; i += size) {
		uint32_t c = 0;

		for (size_t k = 0; k < size; k++)
			c = c << 8 | value->p[i + k];
		if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		gh_utf8_put(out, c);
	}
	return value->len % size == 0;
}

/* What is no text, or is not written as its type says, is compared byte by byte. */
static int
put_value(struct gh_buf *out, unsigned tag, const struct gh_der *value, struct gh_error *err)
{
	struct gh_buf text;
	size_t size = char_size(tag);
	int rc;

	if (tag == GH_DER_UTF8 && gh_utf8_is_valid(value->p, value->len))
		return gh_name_prep(value->p, value->len, out, err);
	gh_buf_init(&text, KEY_TEXT_MAX);
	if (size > 0 && put_utf8(&text, value, size)) {
		rc = gh_buf_check(&text, err);
		rc = rc == 0 ? gh_name_prep(text.data, text.len, out, err) : rc;
	} else {
		gh_buf_put_u8(out, 0); /* no prepared value has a NUL */
		gh_buf_put_u8(out, (uint8_t)tag);
		gh_buf_put(out, value->p, value->len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&text);
	return rc;
}

/* --- names ------------------------------------------------------------------------------------ */

/* AttributeTypeAndValue ::= SEQUENCE { type OID, value ANY } */
static int
put_ava(struct gh_buf *out, struct gh_der *set, struct gh_error *err)
{
	struct gh_der ava, type, value;
	struct gh_buf prepared;
	unsigned tag;
	int rc;

	if (!gh_der_take(set, GH_DER_SEQUENCE, &ava) || !gh_der_take(&ava, GH_DER_OID, &type) ||
	    !gh_der_next(&ava, &tag, NULL, &value) || ava.len != 0)
		return gh_refuse(err, GH_E_SUBJECT, "a name is malformed");
	gh_buf_init(&prepared, KEY_TEXT_MAX);
	if ((rc = put_value(&prepared, tag, &value, err)) == 0) {
		gh_buf_put_block(out, type.p, type.len);
		gh_buf_put_block(out, prepared.data, prepared.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&prepared);
	return rc;
}

static int
compare_piece(const void *a, const void *b)
{
	const struct gh_der *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The attributes of an RDN are a set. */
static int
put_rdn(struct gh_buf *out, struct gh_der set, struct gh_error *err)
{
	struct gh_der piece[RDN_AVAS_MAX] = {0};
	size_t at[RDN_AVAS_MAX + 1] = {0}, n = 0;
	struct gh_buf all;
	int rc = 0;

	gh_buf_init(&all, KEY_TEXT_MAX);
	while (rc == 0 && set.len > 0) {
		if (n == RDN_AVAS_MAX)
			rc = gh_refuse(err, GH_E_SUBJECT,
			    "a name has an RDN of more than %d attributes", RDN_AVAS_MAX);
		else if ((rc = put_ava(&all, &set, err)) == 0)
			at[++n] = all.len;
	}
	if (rc == 0) {
		for (size_t i = 0; i < n; i++)
			piece[i] = (struct gh_der){all.data + at[i], at[i + 1] - at[i]};
		qsort(piece, n, sizeof(piece[0]), compare_piece);
		gh_buf_put_u32(out, (uint32_t)n);
		for (size_t i = 0; i < n; i++)
			gh_buf_put(out, piece[i].p, piece[i].len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&all);
	return rc;
}

int
gh_dn_key(const struct gh_der *name, unsigned char key[GH_DN_KEY_SIZE], struct gh_error *err)
{
	struct gh_der in = *name, rdns, set;
	struct gh_buf text;
	int rc = 0;

	memset(key, 0, GH_DN_KEY_SIZE);
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &rdns) || in.len != 0)
		return gh_refuse(err, GH_E_SUBJECT, "a name is malformed");
	gh_buf_init(&text, KEY_TEXT_MAX);
	while (rc == 0 && rdns.len > 0)
		rc = gh_der_take(&rdns, GH_DER_SET, &set)
		    ? put_rdn(&text, set, err)
		    : gh_refuse(err, GH_E_SUBJECT, "a name is malformed");
	if (rc == 0 && !gh_digest(GH_SHA256, text.data, text.len, key))
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	gh_buf_free(&text);
	return rc;
}

/* TBSCertificate { [0] version, serial, signature, issuer, validity, subject; RFC 5280, 4.1 */
bool
gh_dn_of_cert(const struct gh_der *cert, struct gh_der *subject, struct gh_der *issuer)
{
	struct gh_der in = *cert, body, tbs;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || !gh_der_take(&body, GH_DER_SEQUENCE, &tbs))
		return false;
	(void)gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL);
	return gh_der_take(&tbs, GH_DER_INTEGER, NULL) &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) &&
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, issuer) &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) &&
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, subject);
}

bool
gh_dn_take_directory_name(struct gh_der *general_names, struct gh_der *name, bool *malformed)
{
	struct gh_der content;
	unsigned tag;

	*malformed = false;
	while (general_names->len > 0) {
		if (!gh_der_next(general_names, &tag, NULL, &content)) {
			*malformed = true;
			return false;
		}
		if (tag != GH_DER_CONTEXT(4)) /* explicit, since Name is a CHOICE */
			continue;
		*malformed =
		    !gh_der_take_whole(&content, GH_DER_SEQUENCE, name) || content.len != 0;
		return !*malformed;
	}
	return false;
}
