/*
 * CRLs from rows to relying party: a real database, a real signer, `openssl verify`. Started by
 * run_crl.sh, which gives PGCONNINFO and a folder in CRL_DIR.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "issuing/cdp.h"
#include "integration/crl_fixture.h"
#include "store/request/record_request.h"

static struct crl_world w;
static struct gh_error err;
static const struct crl_schedule with_delta = {.interval = 86400,
    .grace = 86400,
    .delta_interval = 3600};

#define ok(call) \
	do { \
		int rc_ = (call); \
		if (rc_ != 0) \
			fail_msg("%s: %d %s", #call, rc_, err.detail); \
	} while (0)

/* --- helpers ---------------------------------------------------------------------------------- */

static void
path_of(const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", getenv("CRL_DIR"), name);
}

static FILE *
open_file(const char *name)
{
	char path[256];
	FILE *f;

	path_of(name, path);
	assert_non_null(f = fopen(path, "w"));
	return f;
}

struct leaf {
	char name[32];   /* its file NAME.pem */
	char serial[64]; /* hex */
	int shard;
};

static void
write_cert(const char *file, const unsigned char *der, size_t len)
{
	FILE *f = open_file(file);

	assert_true(PEM_write(f, PEM_STRING_X509, "", der, (long)len) > 0);
	fclose(f);
}

static void
issue_leaf(struct leaf *leaf, const char *name)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct cert_spec *spec = cert_spec_new();
	unsigned char *der = NULL;
	const unsigned char *p;
	char file[64];
	size_t len;
	X509 *x;
	BIGNUM *bn;
	char *hex;

	spec->spki_len = (size_t)i2d_PUBKEY(key, &spec->spki);
	spec->not_before = gh_now() - 600;
	spec->not_after = gh_now() + 300 * DAY;
	MUST(sk_X509_EXTENSION_push(spec->extensions,
		 X509V3_EXT_conf(NULL, NULL, "keyUsage", "critical,digitalSignature")) > 0);
	MUST(X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
		 (const unsigned char *)name, -1, -1, 0) == 1);
	ok(ca_sign(w.ca, w.signer, spec, &der, &len, &err));
	leaf->shard = cdp_shard(w.ca, spec->spki, spec->spki_len);
	snprintf(leaf->name, sizeof(leaf->name), "%s", name);
	snprintf(file, sizeof(file), "%s.pem", name);
	write_cert(file, der, len);
	p = der;
	assert_non_null(x = d2i_X509(NULL, &p, (long)len));
	bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	hex = BN_bn2hex(bn);
	snprintf(leaf->serial, sizeof(leaf->serial), "%s", hex);
	OPENSSL_free(hex);
	BN_free(bn);
	X509_free(x);
	free(der);
	EVP_PKEY_free(key);
	cert_spec_free(spec);
}

/* reason -1: lift the hold. ago: seconds. */
static void
revoke_leaf(const struct ca *ca, const struct leaf *leaf, int reason, int ago)
{
	static int id = 1000000;
	char shard[16] = "NULL";

	if (leaf->shard != CDP_NO_SHARD)
		snprintf(shard, sizeof(shard), "%d", leaf->shard);
	if (reason < 0)
		crl_sql(NULL, 0,
		    "UPDATE revocation SET removed_at = now(), changed_at = now() WHERE ca_id = %lld AND "
		    "serial = decode('%s', 'hex')",
		    (long long)ca->id, leaf->serial);
	else
		crl_sql(NULL, 0,
		    "INSERT INTO revocation (certificate_id, ca_id, serial, shard, revoked_at, reason, changed_at, "
		    "not_after, revoked_by) VALUES (%d, %lld, decode('%s', 'hex'), %s, now() - interval '%d s', %d, "
		    "now() - interval '%d s', now() + interval '300 days', 'test')",
		    id++, (long long)ca->id, leaf->serial, shard, ago, reason, ago);
}

static void
make_with(struct store_crl_maker *maker, const struct ca *ca, int shard, bool is_delta,
    struct store_crl *out)
{
	const struct crl_order order = {.ca = ca,
	    .shard = shard,
	    .is_delta = is_delta,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};

	ok(crl_issue(maker, w.signer, &order, out, &err));
	assert_int_not_equal(out->id, 0);
}

/* Make one and write it to file (NULL: not). */
static struct store_crl
make(const struct ca *ca, int shard, bool is_delta, const char *file)
{
	struct store_crl_maker *maker;
	unsigned char *der, md[32];
	struct store_crl crl;
	FILE *f;

	ok(store_crl_open(w.store, &maker, &err));
	make_with(maker, ca, shard, is_delta, &crl);
	store_crl_close(maker);
	ok(store_crl_body(w.store, &crl, &der, &err));
	EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)crl.size, md, NULL);
	assert_memory_equal(md, crl.sha256, sizeof(md));
	if (file != NULL) {
		f = open_file(file);
		assert_true(PEM_write(f, PEM_STRING_X509_CRL, "", der, (long)crl.size) > 0);
		fclose(f);
	}
	free(der);
	return crl;
}

static X509_CRL *
read_crl(const char *file)
{
	char path[256];
	X509_CRL *crl;
	FILE *f;

	path_of(file, path);
	assert_non_null(f = fopen(path, "r"));
	assert_non_null(crl = PEM_read_X509_CRL(f, NULL, NULL, NULL));
	fclose(f);
	return crl;
}

/* Reason of a serial in a CRL: -1 not there, 0 without reasonCode. */
static int
reason_in(const char *file, const struct leaf *leaf)
{
	X509_CRL *crl = read_crl(file);
	X509_REVOKED *r = NULL;
	ASN1_INTEGER *serial;
	ASN1_ENUMERATED *reason;
	BIGNUM *bn = NULL;
	int out = -1;

	BN_hex2bn(&bn, leaf->serial);
	serial = BN_to_ASN1_INTEGER(bn, NULL);
	X509_CRL_sort(crl);
	for (int i = 0; i < sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)); i++) {
		r = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), i);
		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(r), serial) != 0)
			continue;
		reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
		out = reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : 0;
		ASN1_ENUMERATED_free(reason);
	}
	ASN1_INTEGER_free(serial);
	BN_free(bn);
	X509_CRL_free(crl);
	return out;
}

/* `openssl verify` of NAME.pem with these options and files of CRL_DIR; its whole output. */
static const char *
verify(const struct leaf *leaf, const char *options, ...)
{
	static char out[4096];
	char command[2048], *p = command;
	const char *file;
	va_list ap;
	FILE *f;
	size_t n;

	p += sprintf(p, "cd '%s' && openssl verify -CAfile root.pem -untrusted issuing.pem %s",
	    getenv("CRL_DIR"), options);
	va_start(ap, options);
	while ((file = va_arg(ap, const char *)) != NULL)
		p += sprintf(p, " -CRLfile %s", file);
	va_end(ap);
	sprintf(p, " %s.pem 2>&1", leaf->name);
	assert_non_null(f = popen(command, "r"));
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	pclose(f);
	return out;
}

#define expect_good(text) \
	do { \
		const char *t_ = (text); \
		if (strstr(t_, ".pem: OK") == NULL) \
			fail_msg("%s", t_); \
	} while (0)
#define expect_bad(text, why) \
	do { \
		const char *t_ = (text); \
		if (strstr(t_, why) == NULL || strstr(t_, ".pem: OK") != NULL) \
			fail_msg("not \"%s\": %s", why, t_); \
	} while (0)

static int
setup(void **state)
{
	(void)state;
	crl_world_open(&w, "P-256");
	write_cert("root.pem", w.root->chain.cert[0].der, w.root->chain.cert[0].len);
	write_cert("issuing.pem", w.ca->chain.cert[0].der, w.ca->chain.cert[0].len);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	crl_world_close(&w);
	return 0;
}

/* Each test has the CA for itself. */
static int
forget(void **state)
{
	(void)state;
	crl_sql(NULL, 0, "DELETE FROM revocation; DELETE FROM crl");
	return 0;
}

/* --- complete and delta ----------------------------------------------------------------------- */

static void
test_complete(void **state)
{
	struct leaf good, bad;
	struct store_crl root, crl;
	X509_CRL *x;
	AUTHORITY_KEYID *akid;
	ASN1_INTEGER *number;

	(void)state;
	issue_leaf(&good, "good");
	issue_leaf(&bad, "bad");
	root = make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	assert_int_equal(root.entries, 0);
	assert_int_equal(root.number, 1);
	make(w.ca, STORE_CRL_COMPLETE, false, "one.crl");
	expect_good(verify(&bad, "-crl_check_all", "root.crl", "one.crl", NULL));
	revoke_leaf(w.ca, &bad, 1, 3600);
	crl = make(w.ca, STORE_CRL_COMPLETE, false, "two.crl");
	assert_int_equal(crl.entries, 1);
	assert_int_equal(crl.number, 2);
	assert_int_equal(crl.next_update - crl.this_update, 2 * 86400);
	expect_good(verify(&good, "-crl_check_all", "root.crl", "two.crl", NULL));
	expect_bad(verify(&bad, "-crl_check_all", "root.crl", "two.crl", NULL),
	    "certificate revoked");
	assert_int_equal(reason_in("two.crl", &bad), 1);
	assert_int_equal(reason_in("two.crl", &good), -1);
	x = read_crl("two.crl");
	akid = X509_CRL_get_ext_d2i(x, NID_authority_key_identifier, NULL, NULL);
	number = X509_CRL_get_ext_d2i(x, NID_crl_number, NULL, NULL);
	assert_non_null(akid);
	assert_int_equal(ASN1_OCTET_STRING_cmp(akid->keyid, X509_get0_subject_key_id(w.ca->cert)),
	    0);
	assert_int_equal(ASN1_INTEGER_get(number), 2);
	assert_int_equal(X509_CRL_get_version(x), 1);
	AUTHORITY_KEYID_free(akid);
	ASN1_INTEGER_free(number);
	X509_CRL_free(x);
}

static void
test_chain_revoked(void **state)
{
	struct leaf leaf, ca = {.shard = CDP_NO_SHARD};
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(w.ca->cert), NULL);
	char *hex = BN_bn2hex(bn);

	(void)state;
	issue_leaf(&leaf, "leaf");
	snprintf(ca.serial, sizeof(ca.serial), "%s", hex);
	make(w.ca, STORE_CRL_COMPLETE, false, "one.crl");
	revoke_leaf(w.root, &ca, 2, 60);
	make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	expect_bad(verify(&leaf, "-crl_check_all", "root.crl", "one.crl", NULL),
	    "certificate revoked");
	expect_good(verify(&leaf, "-crl_check", "root.crl", "one.crl", NULL));
	OPENSSL_free(hex);
	BN_free(bn);
}

static void
test_delta(void **state)
{
	struct leaf early, late, good;
	struct store_crl full, delta;

	(void)state;
	issue_leaf(&early, "early");
	issue_leaf(&late, "late");
	issue_leaf(&good, "good");
	revoke_leaf(w.ca, &early, 3, 7200);
	make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	full = make(w.ca, STORE_CRL_COMPLETE, false, "full.crl");
	revoke_leaf(w.ca, &late, 4, 0);
	delta = make(w.ca, STORE_CRL_COMPLETE, true, "delta.crl");
	assert_int_equal(delta.number, full.number + 1);
	assert_int_equal(delta.base_number, full.number);
	assert_int_equal(delta.entries, 1);
	expect_good(verify(&late, "-crl_check_all -extended_crl", "root.crl", "full.crl", NULL));
	expect_bad(verify(&late, "-crl_check_all -extended_crl -use_deltas", "root.crl", "full.crl",
		       "delta.crl", NULL),
	    "certificate revoked");
	expect_bad(verify(&early, "-crl_check_all -extended_crl -use_deltas", "root.crl",
		       "full.crl", "delta.crl", NULL),
	    "certificate revoked");
	expect_good(verify(&good, "-crl_check_all -extended_crl -use_deltas", "root.crl",
	    "full.crl", "delta.crl", NULL));
	/* numbers go on: RFC 5280, 5.2.3 */
	assert_int_equal(make(w.ca, STORE_CRL_COMPLETE, false, NULL).number, delta.number + 1);
}

static void
test_hold(void **state)
{
	struct leaf leaf;
	const char *deltas = "-crl_check_all -extended_crl -use_deltas";

	(void)state;
	issue_leaf(&leaf, "held");
	make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	revoke_leaf(w.ca, &leaf, CRL_REASON_HOLD, 7200);
	make(w.ca, STORE_CRL_COMPLETE, false, "full.crl");
	assert_int_equal(reason_in("full.crl", &leaf), CRL_REASON_HOLD);
	make(w.ca, STORE_CRL_COMPLETE, true, "delta1.crl");
	expect_bad(verify(&leaf, deltas, "root.crl", "full.crl", "delta1.crl", NULL),
	    "certificate revoked");
	revoke_leaf(w.ca, &leaf, -1, 0);
	make(w.ca, STORE_CRL_COMPLETE, true, "delta2.crl");
	assert_int_equal(reason_in("delta2.crl", &leaf), CRL_REASON_REMOVE);
	expect_good(verify(&leaf, deltas, "root.crl", "full.crl", "delta2.crl", NULL));
	make(w.ca, STORE_CRL_COMPLETE, false, "full2.crl");
	assert_int_equal(reason_in("full2.crl", &leaf), -1);
	expect_good(verify(&leaf, "-crl_check_all", "root.crl", "full2.crl", NULL));
}

/* A relying party that still has the complete CRL before the newest one can use a delta. */
static void
test_base_is_oldest_valid(void **state)
{
	struct store_crl first, second, delta;
	struct leaf leaf;

	(void)state;
	issue_leaf(&leaf, "between");
	make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	first = make(w.ca, STORE_CRL_COMPLETE, false, "first.crl");
	crl_sql(NULL, 0,
	    "UPDATE crl SET this_update = this_update - interval '2 hours' WHERE id = %lld",
	    (long long)first.id);
	revoke_leaf(w.ca, &leaf, 1, 3600);
	second = make(w.ca, STORE_CRL_COMPLETE, false, "second.crl");
	delta = make(w.ca, STORE_CRL_COMPLETE, true, "delta.crl");
	assert_int_equal(delta.base_number, first.number);
	expect_bad(verify(&leaf, "-crl_check_all -extended_crl -use_deltas", "root.crl",
		       "first.crl", "delta.crl", NULL),
	    "certificate revoked");
	/* once that has run out, the base is the one after it */
	crl_sql(NULL, 0, "UPDATE crl SET next_update = now() WHERE id = %lld", (long long)first.id);
	delta = make(w.ca, STORE_CRL_COMPLETE, true, NULL);
	assert_int_equal(delta.base_number, second.number);
}

static void
test_expired(void **state)
{
	struct leaf leaf;

	(void)state;
	issue_leaf(&leaf, "expiring");
	make(w.ca, STORE_CRL_COMPLETE, false, NULL);
	crl_sql(NULL, 0, "UPDATE crl SET this_update = this_update - interval '1 hour'");
	revoke_leaf(w.ca, &leaf, 1, 7200);
	crl_sql(NULL, 0, "UPDATE revocation SET not_after = now() - interval '30 minutes'");
	make(w.ca, STORE_CRL_COMPLETE, false, "one.crl");
	assert_int_equal(reason_in("one.crl", &leaf), 1); /* one more after its end */
	make(w.ca, STORE_CRL_COMPLETE, false, "two.crl");
	assert_int_equal(reason_in("two.crl", &leaf), -1);
}

/* --- shards ----------------------------------------------------------------------------------- */

static void
use_shards(int n)
{
	free(w.ca->cdp_urls[0]);
	MUST((w.ca->cdp_urls[0] = strdup(n > 0 ? "http://pki.test/crl/issuing-s{shard}.crl"
					       : "http://pki.test/crl/issuing.crl")) != NULL);
	w.ca->crl_shards = n;
}

static void
test_shards(void **state)
{
	struct leaf a, b;
	char own[32], other[32];
	int n;

	(void)state;
	use_shards(4);
	issue_leaf(&a, "a");
	do
		issue_leaf(&b, "b");
	while (b.shard == a.shard);
	make(w.root, STORE_CRL_COMPLETE, false, "root.crl");
	revoke_leaf(w.ca, &a, 1, 60);
	for (int i = 0; i < 4; i++) {
		struct store_crl crl;

		snprintf(own, sizeof(own), "s%d.crl", i);
		crl = make(w.ca, i, false, own);
		assert_int_equal(crl.entries, i == a.shard);
		assert_int_equal(crl.number, 1); /* each counts for itself */
	}
	ok(store_crl_shards(w.store, w.ca->id, &n, &err));
	assert_int_equal(n, 4);
	snprintf(own, sizeof(own), "s%d.crl", a.shard);
	snprintf(other, sizeof(other), "s%d.crl", b.shard);
	expect_bad(verify(&a, "-crl_check_all", "root.crl", own, NULL), "certificate revoked");
	expect_good(verify(&b, "-crl_check_all", "root.crl", other, NULL));
	/* the CRL of another shard says nothing of this certificate */
	expect_bad(verify(&a, "-crl_check_all", "root.crl", other, NULL), "different CRL scope");
	/* the complete one has them all */
	make(w.ca, STORE_CRL_COMPLETE, false, "full.crl");
	expect_bad(verify(&a, "-crl_check_all", "root.crl", "full.crl", NULL),
	    "certificate revoked");
	use_shards(0);
}

static void
test_shard_needs_url(void **state)
{
	const struct crl_order order = {.ca = w.ca,
	    .shard = 0,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};
	struct store_crl_maker *maker;
	struct store_crl crl;

	(void)state;
	ok(store_crl_open(w.store, &maker, &err));
	assert_int_equal(crl_issue(maker, w.signer, &order, &crl, &err), GH_E_CONF);
	assert_int_equal(crl.id, 0);
	store_crl_close(maker);
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl"), 0);
}

/* --- one at a time, and what breaks off ------------------------------------------------------- */

struct issuer {
	pthread_t t;
	struct store_crl_maker *maker;
	struct signer_client *signer;
	bool is_delta;
	int made, busy;
};

#define ISSUES 6 /* each CRL has a second of its own */

static void *
keep_issuing(void *arg)
{
	struct issuer *i = arg;
	const struct crl_order order = {.ca = w.ca,
	    .shard = STORE_CRL_COMPLETE,
	    .is_delta = i->is_delta,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};

	while (i->made < ISSUES) {
		struct gh_error e;
		struct store_crl crl;
		int rc = crl_issue(i->maker, i->signer, &order, &crl, &e);

		if (rc == 0)
			i->made++;
		else if (rc == GH_E_BUSY) {
			i->busy++;
			pause_ms(1);
		} else {
			fprintf(stderr, "%s\n", e.detail);
			return i;
		}
	}
	return NULL;
}

static void
test_two_issuers(void **state)
{
	struct issuer i[3] = {{.is_delta = false}, {.is_delta = true}, {.is_delta = false}};
	void *failed;

	(void)state;
	make(w.ca, STORE_CRL_COMPLETE, false, NULL);
	for (int n = 0; n < 3; n++) {
		ok(store_crl_open(w.store, &i[n].maker, &err));
		i[n].signer = signer_process_client(&w.sp);
		assert_int_equal(pthread_create(&i[n].t, NULL, keep_issuing, &i[n]), 0);
	}
	for (int n = 0; n < 3; n++) {
		pthread_join(i[n].t, &failed);
		assert_null(failed);
		store_crl_close(i[n].maker);
		signer_client_free(i[n].signer);
	}
	assert_true(i[0].busy + i[1].busy + i[2].busy > 0);
	/* no number twice, none left out, and later ones are not older */
	assert_int_equal(crl_sql_int("SELECT count(DISTINCT number) FROM crl WHERE shard IS NULL"),
	    3 * ISSUES + 1);
	assert_int_equal(crl_sql_int("SELECT max(number) FROM crl"), 3 * ISSUES + 1);
	assert_int_equal(
	    crl_sql_int(
		"SELECT count(*) FROM (SELECT this_update - lag(this_update) OVER (ORDER BY number) "
		"AS d FROM crl) AS x WHERE d < interval '0'"),
	    0);
	/* bodies of the last two of each kind are kept */
	assert_int_equal(crl_sql_int("SELECT count(DISTINCT crl_id) FROM crl_part"), 4);
}

static void
fill(int n)
{
	crl_sql(NULL, 0,
	    "INSERT INTO revocation (certificate_id, ca_id, serial, revoked_at, reason, not_after, revoked_by) "
	    "SELECT i, %lld, substr(sha256(i::text::bytea), 1, 16), now(), 1, now() + interval '1 year', 'x' "
	    "FROM generate_series(1, %d) AS i",
	    (long long)w.ca->id, n);
}

/* Issue once in a process of its own, and kill it after so many microseconds. true: it had ended
 * before. */
static bool
issue_and_kill(int us)
{
	struct timespec ts = {us / 1000000, us % 1000000 * 1000L};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct crl_order order = {.ca = w.ca,
		    .shard = STORE_CRL_COMPLETE,
		    .is_forced = true,
		    .schedule = &with_delta,
		    .who = &crl_tester};
		struct signer_client *signer = signer_process_client(&w.sp);
		struct store_crl_maker *maker;
		struct store_crl crl;

		if (store_crl_open(w.store, &maker, NULL) != 0 ||
		    crl_issue(maker, signer, &order, &crl, NULL) != 0)
			_exit(1);
		_exit(0);
	}
	assert_true(pid > 0);
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The newest one is whole, whatever happened. */
static int64_t
check_newest(int64_t entries)
{
	struct store_crl_scope scope = {w.ca->id, STORE_CRL_COMPLETE};
	unsigned char *der, md[32];
	const unsigned char *p;
	struct store_crl crl;
	X509_CRL *x;
	EVP_PKEY *key = X509_get0_pubkey(w.ca->cert);

	ok(store_crl_newest(w.store, &scope, false, &crl, &err));
	assert_int_equal(crl.entries, entries);
	ok(store_crl_body(w.store, &crl, &der, &err));
	EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)crl.size, md, NULL);
	assert_memory_equal(md, crl.sha256, sizeof(md));
	p = der;
	assert_non_null(x = d2i_X509_CRL(NULL, &p, crl.size));
	assert_ptr_equal(p, der + crl.size);
	assert_int_equal(X509_CRL_verify(x, key), 1);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(x)), entries);
	X509_CRL_free(x);
	free(der);
	return crl.number;
}

static void
test_killed(void **state)
{
	int ended = 0, killed = 0;
	int64_t number = 1;

	(void)state;
	fill(60000); /* parts of more than one row, pieces of more than one question */
	make(w.ca, STORE_CRL_COMPLETE, false, NULL);
	for (int us = 2000; ended < 2; us += us < 30000 ? 4000 : 15000) {
		bool done = issue_and_kill(us);
		int64_t now = check_newest(60000);

		ended += done;
		killed += !done;
		/* a commit that was under way may come after the death, also after our look */
		assert_true(now >= number + done && now <= number + 2);
		number = now;
		assert_true(us < 20000000);
	}
	assert_true(killed >= 5);
	/* the lock went with the process: the server may need a moment to see that */
	for (int i = 0;; i++) {
		struct store_crl_maker *maker;
		struct store_crl crl;
		const struct crl_order order = {.ca = w.ca,
		    .shard = STORE_CRL_COMPLETE,
		    .is_forced = true,
		    .schedule = &with_delta,
		    .who = &crl_tester};
		int rc;

		ok(store_crl_open(w.store, &maker, &err));
		rc = crl_issue(maker, w.signer, &order, &crl, &err);
		store_crl_close(maker);
		if (rc == 0)
			break;
		assert_int_equal(rc, GH_E_BUSY);
		assert_true(i < 50);
		pause_ms(100);
	}
	assert_true(check_newest(60000) > number);
	assert_int_equal(crl_sql_int("SELECT count(DISTINCT number) - max(number) FROM crl"), 0);
	assert_int_equal(
	    crl_sql_int(
		"SELECT count(*) FROM crl_part p WHERE NOT EXISTS (SELECT 1 FROM crl c WHERE "
		"c.id = p.crl_id)"),
	    0);
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl WHERE size = 0"), 0);
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl"),
	    crl_sql_int(
		"SELECT count(*) FROM audit WHERE event = 'crl.issued' AND object = 'issuing' AND id > "
		"(SELECT coalesce(max(id), 0) FROM audit WHERE event = 'mark')"));
}

static void
postgres(const char *verb)
{
	char command[512];

	snprintf(command, sizeof(command), "tests/servers/postgres.sh %s '%s/postgres'", verb,
	    getenv("CRL_DIR"));
	MUST(system(command) == 0);
}

/* All processes of the database die at once, at some step of a CRL. */
static void
test_power_cut(void **state)
{
	int64_t number = 1;

	(void)state;
	fill(60000);
	make(w.ca, STORE_CRL_COMPLETE, false, NULL);
	for (int ms = 10; ms <= 90; ms += 20) {
		pid_t pid = fork();
		int64_t now;

		if (pid == 0) {
			struct store_crl_maker *maker;
			struct signer_client *signer = signer_process_client(&w.sp);
			const struct crl_order order = {.ca = w.ca,
			    .shard = STORE_CRL_COMPLETE,
			    .is_forced = true,
			    .schedule = &with_delta,
			    .who = &crl_tester};
			struct store_crl crl;

			/* until the cut comes */
			if (store_crl_open(w.store, &maker, NULL) == 0)
				while (crl_issue(maker, signer, &order, &crl, NULL) == 0)
					;
			_exit(0);
		}
		pause_ms(ms);
		postgres("kill");
		assert_int_equal(wait_for(pid), 0);
		postgres("start");
		now = check_newest(60000);
		assert_true(now >= number);
		number = now;
	}
	assert_int_equal(make(w.ca, STORE_CRL_COMPLETE, false, NULL).number, number + 1);
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl WHERE size = 0"), 0);
	assert_int_equal(crl_sql_int("SELECT count(DISTINCT number) - max(number) FROM crl"), 0);
}

static int
mark(void **state)
{
	struct store_audit a = {.event = "mark", .outcome = "success", .who = &crl_tester};

	forget(state);
	return store_audit(w.store, &a, NULL);
}

static void
test_signer_gone(void **state)
{
	const struct crl_order order = {.ca = w.ca,
	    .shard = STORE_CRL_COMPLETE,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};
	struct store_crl_maker *maker;
	struct store_crl crl;

	(void)state;
	fill(10);
	make(w.ca, STORE_CRL_COMPLETE, false, NULL);
	signer_process_stop(&w.sp, SIGKILL);
	ok(store_crl_open(w.store, &maker, &err));
	assert_int_equal(crl_issue(maker, w.signer, &order, &crl, &err), GH_E_SIGNER_DOWN);
	assert_int_equal(crl.id, 0);
	assert_int_equal(check_newest(10), 1);
	/* the same maker goes on when it is back, and the key is loaded again */
	signer_process_start(&w.sp, "16");
	ok(crl_issue(maker, w.signer, &order, &crl, &err));
	assert_int_equal(crl.number, 2);
	store_crl_close(maker);
}

static void
test_sealed_record_of_another(void **state)
{
	struct ca other = *w.ca;
	const struct crl_order order = {.ca = &other,
	    .shard = STORE_CRL_COMPLETE,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};
	struct store_crl_maker *maker;
	struct store_crl crl;

	(void)state;
	ok(store_crl_open(w.store, &maker, &err));
	other.sealed = NULL;
	memset(other.ca_id, 7, sizeof(other.ca_id)); /* not loaded */
	assert_int_equal(crl_issue(maker, w.signer, &order, &crl, &err), GH_E_CA_UNAVAILABLE);
	other.sealed = w.root->sealed;
	other.sealed_len = w.root->sealed_len;
	assert_int_equal(crl_issue(maker, w.signer, &order, &crl, &err), GH_E_CA_UNAVAILABLE);
	store_crl_close(maker);
	assert_int_equal(crl_sql_int("SELECT count(*) FROM crl"), 0);
}

/* A serial that does not fit stops the CRL, and says so: one without it would be a lie. */
static void
test_damaged_row(void **state)
{
	const struct crl_order order = {.ca = w.ca,
	    .shard = STORE_CRL_COMPLETE,
	    .is_forced = true,
	    .schedule = &with_delta,
	    .who = &crl_tester};
	struct store_crl_maker *maker;
	struct store_crl crl;

	(void)state;
	fill(5);
	crl_sql(NULL, 0,
	    "UPDATE revocation SET serial = decode(repeat('7f', 21), 'hex') WHERE certificate_id = 3");
	ok(store_crl_open(w.store, &maker, &err));
	assert_int_equal(crl_issue(maker, w.signer, &order, &crl, &err), GH_E_DB);
	assert_non_null(strstr(err.detail, "21 bytes"));
	crl_sql(NULL, 0, "DELETE FROM revocation WHERE certificate_id = 3");
	ok(crl_issue(maker, w.signer, &order, &crl, &err));
	assert_int_equal(crl.entries, 4);
	store_crl_close(maker);
}

/* The row of a certificate has the shard that its CDP names. */
static void
test_shard_of_row(void **state)
{
	struct enroll_outcome out = {.disposition = DB_DISP_ISSUED};
	struct enroll_request req = {.protocol = ENROLL_CERTENROLL_V3,
	    .template_name = (char *)(uintptr_t) "User",
	    .submitted = gh_now()};
	struct store_recording recording = {.decision = {.req = &req, .ca = w.ca}, .out = &out};
	unsigned char *der = NULL;
	char path[256], sql[200];
	struct leaf leaf;
	size_t len;
	X509 *x;
	FILE *f;

	(void)state;
	req.requester = crl_tester;
	for (int shards = 0; shards < 8; shards += 7) {
		use_shards(shards);
		issue_leaf(&leaf, "row");
		path_of("row.pem", path);
		assert_non_null(f = fopen(path, "r"));
		assert_non_null(x = PEM_read_X509(f, NULL, NULL, NULL));
		fclose(f);
		der = NULL;
		len = (size_t)i2d_X509(x, &der);
		ok(ca_outcome_set_cert(&out, w.ca, der, len, &err));
		snprintf(out.message, sizeof(out.message), "Issued");
		store_record_batch(w.store, &recording, 1);
		ok(recording.rc);
		snprintf(sql, sizeof(sql),
		    "SELECT coalesce(shard, -1) FROM certificate WHERE id = %lld",
		    (long long)out.cms_id);
		assert_int_equal(crl_sql_int(sql), leaf.shard);
		assert_int_equal(leaf.shard >= 0, shards > 0);
		OPENSSL_free(der);
		X509_free(x);
	}
	enroll_outcome_clear(&out);
	use_shards(0);
}

int
main(void)
{
#define test(f) cmocka_unit_test_setup(f, forget)
	const struct CMUnitTest tests[] = {
	    test(test_complete),
	    test(test_chain_revoked),
	    test(test_delta),
	    test(test_hold),
	    test(test_base_is_oldest_valid),
	    test(test_expired),
	    test(test_shards),
	    test(test_shard_needs_url),
	    test(test_two_issuers),
	    cmocka_unit_test_setup(test_killed, mark),
	    test(test_power_cut),
	    test(test_signer_gone),
	    test(test_sealed_record_of_another),
	    test(test_damaged_row),
	    test(test_shard_of_row),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
