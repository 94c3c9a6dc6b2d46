/* See est_anchors.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "dn_print.h"
#include "encoding.h"
#include "json_row.h"
#include "pem.h"

#include "est_anchors.h"
#include "file.h"

static int
append(gh_json *list, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der), bad = -1;
	char *text = n > 0 ? gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE) : NULL;

	if (text != NULL)
		bad = gh_json_append(list, gh_json_new_string(text));
	free(text);
	OPENSSL_free(der);
	return bad;
}

int
est_anchors_read(const char *path, gh_json **out, struct gh_error *err)
{
	STACK_OF(X509) *certs = NULL;
	char *pem = NULL;
	size_t len = 0;
	int rc, bad = 0;

	*out = NULL;
	if (*path == '\0') {
		*out = gh_json_new_string(NULL);
		return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "trust anchors");
	}
	if ((rc = file_read(path, &pem, &len, err)) == 0)
		rc = gh_pem_read_certs(pem, len, &certs, err);
	free(pem);
	if (rc != 0)
		return rc;
	*out = gh_json_new_array();
	for (int i = 0; i < sk_X509_num(certs); i++)
		bad |= append(*out, sk_X509_value(certs, i));
	sk_X509_pop_free(certs, X509_free);
	if (bad == 0)
		return 0;
	gh_json_free(*out);
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "trust anchors");
}

static gh_json *
subject_of(const gh_json *anchor)
{
	unsigned char *der = NULL, *name = NULL;
	const unsigned char *p;
	size_t len = 0;
	char *text = NULL;
	X509 *x = NULL;
	gh_json *out;
	int n;

	if (gh_json_row_base64(anchor, "anchors", &der, &len, NULL) == 0) {
		p = der;
		x = d2i_X509(NULL, &p, (long)len);
	}
	if (x != NULL && (n = i2d_X509_NAME(X509_get_subject_name(x), &name)) > 0)
		text = gh_dn_print(name, (size_t)n, false);
	out = gh_json_new_string(text != NULL ? text : "?");
	free(text);
	OPENSSL_free(name);
	X509_free(x);
	free(der);
	return out;
}

gh_json *
est_anchors_names(const gh_json *list)
{
	gh_json *out;
	int bad = 0;

	if (gh_json_type(list) != GH_JSON_ARRAY)
		return gh_json_new_string(NULL);
	out = gh_json_new_array();
	for (size_t i = 0; i < gh_json_size(list); i++)
		bad |= gh_json_append(out, subject_of(gh_json_at(list, i)));
	if (bad == 0)
		return out;
	gh_json_free(out);
	return NULL;
}
