/* What the parts of a CA's life have in common. See authority.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "asn1_time.h"
#include "timestamp.h"

#include "authority.h"

#define NAME_MAX_LEN 64
#define YEAR_SECONDS (365LL * 86400 + 86400 / 4)
#define DAY_SECONDS 86400LL

bool
authority_is_name(const char *name)
{
	size_t n =
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= NAME_MAX_LEN && name[n] == '\0' && name[0] != '-' && name[0] != '.';
}

static int
settle(const struct authority *a, const struct authority_settings *s, int path_len, struct ca *ca,
    struct gh_error *err)
{
	int rc;

	ca->name = strdup(s->name);
	ca->slug = strdup(s->name);
	ca->policy = gh_json_new_object();
	ca->protection = s->key_uri != NULL ? CA_KEY_PKCS11 : CA_KEY_SYSTEM;
	if (ca->name == NULL || ca->slug == NULL || ca->policy == NULL ||
	    (path_len != AUTHORITY_NO_PATH_LEN &&
		gh_json_set_int(ca->policy, "path_len", path_len) != 0))
		return gh_fail(err, GH_E_NOMEM, "CA");
	rc = ca_urls_apply_new(&s->urls, ca, a->words, err);
	return rc == 0 ? ca_policy_apply(&s->policy, ca->policy, a->words, err) : rc;
}

int
authority_settle(const struct authority *a, const struct authority_settings *s, enum ca_state state,
    int path_len, struct ca **out, struct gh_error *err)
{
	struct ca *ca;
	int rc;

	*out = NULL;
	if (!authority_is_name(s->name))
		return gh_refuse(err, GH_E_CONF, "\"%.80s\": " AUTHORITY_NAME_RULE, s->name);
	if ((ca = calloc(1, sizeof(*ca))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	ca->state = state;
	if ((rc = settle(a, s, path_len, ca, err)) != 0)
		ca_free(ca);
	else
		*out = ca;
	return rc;
}

int
authority_password(const struct authority *a, const struct ca *ca, bool is_parent, char **out,
    struct gh_error *err)
{
	*out = NULL;
	if (ca == NULL || ca->protection != CA_KEY_PASSWORD)
		return 0;
	return a->ask(a->arg, ca, is_parent, out, err);
}

void
authority_password_free(char *password)
{
	if (password == NULL)
		return;
	OPENSSL_cleanse(password, strlen(password));
	free(password);
}

void
authority_validity(const struct authority *a, int years, int days, const struct ca *parent,
    int64_t *not_before, int64_t *not_after)
{
	int64_t end;

	*not_before = gh_now() - a->backdate;
	*not_after = *not_before + (days > 0 ? days * DAY_SECONDS : years * YEAR_SECONDS);
	if (parent != NULL && gh_asn1_time_get(X509_get0_notAfter(parent->cert), &end) &&
	    *not_after > end)
		*not_after = end;
}

int
authority_chain(struct cert_chain *out, const unsigned char *cert, size_t len,
    const struct ca *parent, struct gh_error *err)
{
	int rc;

	if (parent != NULL && parent->chain.n + 2 > CERT_CHAIN_MAX)
		return gh_refuse(err, GH_E_CONFLICT,
		    "the chain would be longer than %d certificates", CERT_CHAIN_MAX - 1);
	rc = cert_chain_add(out, cert, len, err);
	for (size_t i = 0; rc == 0 && parent != NULL && i < parent->chain.n; i++)
		rc = cert_chain_add(out, parent->chain.cert[i].der, parent->chain.cert[i].len, err);
	return rc;
}
