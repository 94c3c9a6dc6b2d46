/* Certificates from elsewhere. See foreign_cert.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "dn_print.h"
#include "oid.h"

#include "foreign_cert.h"

#define YEAR_1 (-62135596800LL) /* its begin; before it is 1 BC */

void
foreign_cert_clear(struct foreign_cert *c)
{
	X509_free(c->x509);
	memset(c, 0, sizeof(*c));
}

static void
read_key_id(struct foreign_cert *c)
{
	static const unsigned char oid[] = {GH_OID_AUTHORITY_KEY_ID};
	struct gh_der value, aki;

	if (!cert_parts_extension(&c->parts, oid, sizeof(oid), &value) ||
	    !gh_der_take(&value, GH_DER_SEQUENCE, &aki) ||
	    !gh_der_take(&aki, GH_DER_PRIMITIVE(0), &c->key_id) || c->key_id.len > 64)
		c->key_id = (struct gh_der){NULL, 0};
}

/* What the columns leave out of the names. */
static const char *
note_of(const struct foreign_cert *c, size_t subject)
{
	const unsigned char *p = c->parts.san.p;
	struct gh_der names = c->parts.san, list, one;
	GENERAL_NAMES *read = p != NULL ? d2i_GENERAL_NAMES(NULL, &p, (long)names.len) : NULL;
	size_t n = 0, longest = 0;

	GENERAL_NAMES_free(read);
	ERR_clear_error();
	if (c->parts.san.p != NULL && read == NULL)
		return "its alternative names cannot be read, and are not searched for";
	if (p != NULL && gh_der_take(&names, GH_DER_SEQUENCE, &list))
		for (; gh_der_next(&list, NULL, NULL, &one); n++)
			longest = one.len > longest ? one.len : longest;
	if (n > CERT_NAMES_MAX)
		return "only its first 2000 alternative names are searched for";
	if (longest > CERT_NAME_MAX || subject > CERT_SUBJECT_MAX)
		return "its names are searched for by their beginnings only";
	return NULL;
}

static int
check_values(struct foreign_cert *c, struct gh_error *err)
{
	char *subject = gh_dn_print(c->parts.subject.p, c->parts.subject.len, true),
	     *issuer = gh_dn_print(c->parts.issuer.p, c->parts.issuer.len, true);
	int rc = 0;

	if (subject == NULL || issuer == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "its %s cannot be read",
		    subject == NULL ? "subject" : "issuer");
	else if (c->parts.serial.len > FOREIGN_SERIAL_MAX)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "its serial number has %zu octets: at most %d are taken", c->parts.serial.len,
		    FOREIGN_SERIAL_MAX);
	else if (c->parts.not_before < YEAR_1 || c->parts.not_after < YEAR_1)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "its validity is before the year 1");
	else
		c->note = note_of(c, strlen(subject));
	free(subject);
	free(issuer);
	return rc;
}

int
foreign_cert_read(const unsigned char *der, size_t len, struct foreign_cert *out,
    struct gh_error *err)
{
	const unsigned char *p = der;

	memset(out, 0, sizeof(*out));
	if (len > FOREIGN_CERT_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "it has %zu bytes: certificates of at most %zu are taken", len,
		    FOREIGN_CERT_MAX);
	if (!cert_parts_read(der, len, &out->parts))
		return gh_refuse(err, GH_E_BAD_REQUEST, "it is no X.509 certificate in DER");
	out->x509 = d2i_X509(NULL, &p, (long)len);
	ERR_clear_error();
	if (out->x509 == NULL || p != der + len)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "it is no X.509 certificate that OpenSSL reads");
	read_key_id(out);
	out->is_self_issued =
	    gh_der_equals(&out->parts.subject, out->parts.issuer.p, out->parts.issuer.len);
	return check_values(out, err);
}
