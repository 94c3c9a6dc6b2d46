/* A connection's questions about the keys of CAs: loading, passwords, locking. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "signer/keys/ca_key.h"
#include "hex.h"
#include "log.h"
#include "session_private.h"

/* What a log line calls a CA, hex of its id; malloc'd. */
static char *
ca_name(const unsigned char id[SIGNER_CA_ID_SIZE])
{
	return gh_hex_encode(id, SIGNER_CA_ID_SIZE);
}

/* what: "loaded" */
static void
log_key(const struct session *s, const char *what, const unsigned char id[SIGNER_CA_ID_SIZE])
{
	bool is_kra = s->signer->role == SIGNER_KRA;
	char *name = ca_name(id), text[40];

	snprintf(text, sizeof(text), "%s %s", is_kra ? "key" : "CA", what);
	gh_log_kv(GH_LOG_INFO, text, is_kra ? "key_id" : "ca_id", name, NULL);
	free(name);
}

/* Takes over the references. What is loaded is known from then on, whatever becomes of it. */
static int
put(struct session *s, struct issuer *ca, struct issuer *open, struct gh_error *err)
{
	bool is_of_kra = ca->kind == ISSUER_STORAGE || ca->kind == ISSUER_TRANSPORT;
	int rc = is_of_kra ? 0 : ca_known_add(s->signer->known, ca, err);

	if (rc == 0)
		return issuer_table_put(s->signer->issuers, ca, open, err);
	issuer_unref(ca);
	issuer_unref(open);
	return rc;
}

/* A CA that is unlocked stays so when its record changes and its key part does not: new limits
 * ask for no password. NULL: there is nothing to be kept. */
static int
reopen(struct session *s, const struct record *r, const struct issuer *ca, struct issuer **out,
    struct gh_error *err)
{
	struct issuer *old = issuer_table_get(s->signer->issuers, ca->ca_id);
	int rc = 0;

	*out = NULL;
	if (old != NULL && ca->has_password && old->has_password && !issuer_is_locked(old) &&
	    memcmp(old->key_part_hash, ca->key_part_hash, sizeof(ca->key_part_hash)) == 0)
		rc = record_issuer(r, old->key, out, err);
	issuer_unref(old);
	return rc;
}

static int
load(struct session *s, const struct record *r, unsigned char id[SIGNER_CA_ID_SIZE],
    struct gh_error *err)
{
	struct issuer *ca, *open;
	EVP_PKEY *key = NULL;
	int rc = 0;

	if (r->protection != RECORD_PASSWORD && (rc = ca_key_open(r, NULL, &key, err)) != 0)
		return rc;
	rc = record_issuer(r, key, &ca, err);
	EVP_PKEY_free(key);
	if (rc != 0)
		return rc;
	memcpy(id, ca->ca_id, SIGNER_CA_ID_SIZE);
	if ((rc = reopen(s, r, ca, &open, err)) != 0) {
		issuer_unref(ca);
		return rc;
	}
	return put(s, ca, open, err);
}

/* Answer: id, and whether it can sign now. */
int
session_load_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	const unsigned char *p;
	struct record record;
	struct issuer *ca;
	size_t len;
	int rc;

	if (!signer_get_block(r, &p, &len))
		return session_fail_garbled(err);
	if ((rc = sealed_open(&s->signer->key, p, len, &record, err)) == 0)
		rc = load(s, &record, id, err);
	record_free(&record);
	if (rc != 0)
		return rc;
	log_key(s, "loaded", id);
	if ((ca = issuer_table_get(s->signer->issuers, id)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "CA was loaded and is gone");
	signer_put_load_answer(&s->out, id, issuer_is_locked(ca));
	issuer_unref(ca);
	return 0;
}

/* --- passwords -------------------------------------------------------------------------------- */

/* A worker that was taken over must not lock the owner out of a key by a password that only it
 * knows. To change a password it has to know the one before. */
static int
check_passwords(struct session *s, const struct record *r, const struct signer_set_password *f,
    struct gh_error *err)
{
	bool has_password = r->protection == RECORD_PASSWORD;

	if (r->protection == RECORD_PKCS11)
		return gh_fail(err, GH_E_CONFLICT, "the key of the CA lies in a token");
	if (f->current[0] == '\0' && f->new_password[0] == '\0')
		return gh_fail(err, GH_E_CONFLICT, "neither password is given");
	if (has_password && f->current[0] == '\0')
		return gh_fail(err, GH_E_CONFLICT, "the key of the CA has a password already");
	if (!has_password && f->current[0] != '\0')
		return gh_fail(err, GH_E_CONFLICT, "the key of the CA has no password");
	if (!has_password && !s->is_admin && !s->signer->first_password_by_api)
		return gh_fail(err, GH_E_CA_POLICY, "the first password is not set on this socket");
	return 0;
}

/* An old record without a password must not become a new one: see docs/signer-protocol.md. */
static int
check_newest(struct session *s, const struct record *r, struct gh_error *err)
{
	struct issuer *ca;
	int rc;

	if (r->kind == RECORD_PENDING)
		return 0;
	if ((rc = record_issuer(r, NULL, &ca, err)) != 0)
		return rc;
	rc = issuer_table_check(s->signer->issuers, ca, err);
	issuer_unref(ca);
	return rc;
}

static int
change_password(const struct record *r, const struct signer_set_password *f, struct record *next,
    struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	int rc;

	rc = record_next(next, r, err);
	if (rc == 0)
		rc = ca_key_open(r, f->current, &key, err);
	if (rc == 0)
		rc = ca_key_put(key, NULL, f->new_password, next, err);
	EVP_PKEY_free(key);
	return rc;
}

static int
set_password(struct session *s, const struct signer_set_password *f, struct gh_error *err)
{
	struct record r, next;
	struct gh_buf sealed;
	int rc;

	record_init(&next, RECORD_CA);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if ((rc = sealed_open(&s->signer->key, f->sealed, f->sealed_len, &r, err)) == 0 &&
	    (rc = check_passwords(s, &r, f, err)) == 0 && (rc = check_newest(s, &r, err)) == 0 &&
	    (rc = change_password(&r, f, &next, err)) == 0 &&
	    (rc = sealed_put(&s->signer->key, &next, &sealed, err)) == 0)
		signer_put_block(&s->out, sealed.data, sealed.len);
	record_free(&r);
	record_free(&next);
	gh_buf_free(&sealed);
	return rc;
}

int
session_set_password(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_set_password f;
	struct signer_strings strings;
	int rc;

	memset(&strings, 0, sizeof(strings));
	if (signer_get_set_password(r, &f, &strings))
		rc = set_password(s, &f, err);
	else
		rc = session_fail_garbled(err);
	OPENSSL_cleanse(&strings, sizeof(strings));
	return rc;
}

/* --- locking ---------------------------------------------------------------------------------- */

/* Load the record, so that it is there whatever the password, and then give it its key. */
static int
unlock(struct session *s, const struct record *r, const struct signer_unlock *f, int64_t *until,
    struct gh_error *err)
{
	struct issuer *ca, *open = NULL;
	EVP_PKEY *key = NULL;
	int rc;

	if (r->protection != RECORD_PASSWORD)
		return gh_fail(err, GH_E_CONFLICT, "the key of the CA has no password");
	if ((rc = record_issuer(r, NULL, &ca, err)) != 0 || (rc = put(s, ca, NULL, err)) != 0)
		return rc;
	if ((rc = ca_key_open(r, f->password, &key, err)) == 0 &&
	    (rc = record_issuer(r, key, &open, err)) == 0) {
		log_key(s, "unlocked", open->ca_id);
		rc = issuer_table_unlock(s->signer->issuers, open, f->seconds, until, err);
	}
	EVP_PKEY_free(key);
	return rc;
}

int
session_unlock(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_unlock f;
	struct record record;
	int64_t until;
	int rc;

	memset(&strings, 0, sizeof(strings));
	record_init(&record, RECORD_CA);
	if (!signer_get_unlock(r, &f, &strings))
		rc = session_fail_garbled(err);
	else if ((rc = sealed_open(&s->signer->key, f.sealed, f.sealed_len, &record, err)) == 0 &&
	    (rc = unlock(s, &record, &f, &until, err)) == 0)
		gh_buf_put_u64(&s->out, (uint64_t)until);
	record_free(&record);
	OPENSSL_cleanse(&strings, sizeof(strings));
	return rc;
}

int
session_lock(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	int rc;

	if (!signer_get_id(r, id))
		return session_fail_garbled(err);
	if ((rc = issuer_table_lock(s->signer->issuers, id, err)) == 0)
		log_key(s, "locked", id);
	return rc;
}

int
session_ca_state(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_ca_state state;

	if (!signer_get_id(r, id))
		return session_fail_garbled(err);
	issuer_table_state(s->signer->issuers, id, &state);
	signer_put_ca_state(&s->out, &state);
	return 0;
}
