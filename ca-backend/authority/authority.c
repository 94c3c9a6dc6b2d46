/* What the parts of a CA's life have in common. See authority.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "asn1_time.h"
#include "calendar.h"
#include "key_alg.h"
#include "timestamp.h"

#include "authority.h"

#define NAME_MAX_LEN 64
#define YEAR_SECONDS (365 * GH_DAY_SECONDS + GH_DAY_SECONDS / 4)

bool
authority_is_name(const char *name)
{
	size_t n =
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= NAME_MAX_LEN && name[n] == '\0' && name[0] != '-' && name[0] != '.';
}

int
authority_check_key_alg(const char *key_alg, const struct authority_words *words,
    struct gh_error *err)
{
	if (key_alg == NULL || !gh_key_is_name(key_alg))
		return gh_refuse(err, GH_E_CONF, "%s is " GH_KEY_NAMES, words->key_alg);
	return 0;
}

static int
check_range(int n, int min, int max, const char *word, struct gh_error *err)
{
	if (n != AUTHORITY_NOT_GIVEN && (n < min || n > max))
		return gh_refuse(err, GH_E_CONF, "%s is from %d to %d", word, min, max);
	return 0;
}

int
authority_check_validity(int years, int days, const struct authority_words *words,
    struct gh_error *err)
{
	int rc = check_range(years, 1, AUTHORITY_YEARS_MAX, words->years, err);

	return rc == 0 ? check_range(days, 1, AUTHORITY_DAYS_MAX, words->days, err) : rc;
}

int
authority_check_path_len(int path_len, const struct authority_words *words, struct gh_error *err)
{
	return check_range(path_len, 0, AUTHORITY_PATH_LEN_MAX, words->path_len, err);
}

static int
apply_settings(const struct authority *a, const struct authority_settings *s, int path_len,
    struct ca *ca, struct gh_error *err)
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
	if (s->name == NULL || !authority_is_name(s->name))
		return gh_refuse(err, GH_E_CONF, "\"%.80s\": " AUTHORITY_NAME_RULE,
		    s->name != NULL ? s->name : "");
	if ((ca = calloc(1, sizeof(*ca))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	ca->state = state;
	if ((rc = apply_settings(a, s, path_len, ca, err)) != 0)
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
	*not_after = *not_before + (days > 0 ? days * GH_DAY_SECONDS : years * YEAR_SECONDS);
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
