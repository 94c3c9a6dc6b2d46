/* See ca_json.h. */
#include <stdlib.h>

#include "asn1_time.h"
#include "encoding.h"

#include "ca_json.h"

gh_json *
ca_json_chain(const struct cert_chain *chain)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < chain->n; i++) {
		char *text =
		    gh_base64_encode(chain->cert[i].der, chain->cert[i].len, GH_BASE64_ONE_LINE);

		if (text == NULL || gh_json_append(list, gh_json_new_string(text)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		free(text);
	}
	return list;
}

/* 0 or -1, as the setters of JSON. */
int
ca_json_set_bytes(gh_json *row, const char *name, const unsigned char *p, size_t n)
{
	char *text = p != NULL ? gh_base64_encode(p, n, GH_BASE64_ONE_LINE) : NULL;
	int bad = p != NULL && text == NULL ? -1 : gh_json_set_string(row, name, text);

	free(text);
	return bad;
}

static int
set_list(gh_json *row, const char *name, char *const *list)
{
	gh_json *array = gh_json_new_array();

	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (gh_json_append(array, gh_json_new_string(list[i])) != 0) {
			gh_json_free(array);
			return -1;
		}
	return gh_json_set(row, name, array);
}

/* Null for a CA without certificate. */
int
ca_json_set_time(gh_json *row, const char *name, const ASN1_TIME *t)
{
	int64_t at;

	if (t == NULL)
		return gh_json_set_string(row, name, NULL);
	return gh_asn1_time_get(t, &at) ? gh_json_set_int(row, name, at) : -1;
}

int
ca_json_set_certificate(gh_json *row, const struct ca *ca)
{
	return ca_json_set_time(row, "not_before",
		   ca->cert != NULL ? X509_get0_notBefore(ca->cert) : NULL) |
	    ca_json_set_time(row, "not_after",
		ca->cert != NULL ? X509_get0_notAfter(ca->cert) : NULL) |
	    gh_json_set(row, "chain", ca_json_chain(&ca->chain)) |
	    ca_json_set_bytes(row, "sealed", ca->sealed, ca->sealed_len);
}

int
ca_json_set_settings(gh_json *row, const struct ca *ca)
{
	return gh_json_set(row, "policy",
		   ca->policy != NULL ? gh_json_ref(ca->policy) : gh_json_new_object()) |
	    set_list(row, "cdp", ca->cdp_urls) | set_list(row, "aia", ca->aia_urls) |
	    set_list(row, "ocsp", ca->ocsp_urls) |
	    gh_json_set_int(row, "crl_shards", ca->crl_shards);
}
