/*
 * A signer whose CA keys lie in a PKCS#11 token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/x509.h>

#include "ca-backend/signer_process.h"
#include "der.h"
#include "token_store.h"

struct fixture {
	struct signer_process sp;
	struct made_ca root, issuing, software;
	struct signer_client *client;
	char module[256], pin_file[256];
};

/* As it was before the test, whatever became of it. */
static int
restore(void **state)
{
	struct fixture *f = *state;

	signer_process_stop(&f->sp, SIGKILL);
	put_stores_back();
	snprintf(f->module, sizeof(f->module), "%s", getenv("HSM_MODULE"));
	snprintf(f->pin_file, sizeof(f->pin_file), "%s/pin", getenv("HSM_DIR"));
	return 0;
}

/* --- signers ---------------------------------------------------------------------------------- */

static void
start(struct fixture *f)
{
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--socket", f->sp.socket,
	    (char *)"--key-file", f->sp.key_file, (char *)"--pkcs11-module", f->module,
	    (char *)"--pkcs11-pin-file", f->pin_file, NULL};
	struct gh_error err;
	int tries = 0;

	f->sp.pid = spawn_signer(&f->sp, argv, -1);
	while (signer_client_ping(f->client, &err) != 0) {
		if (++tries == 1000 || waitpid(f->sp.pid, NULL, WNOHANG) != 0)
			fail_msg("signer did not start: see %s", f->sp.log);
		pause_ms(10);
	}
}

static void
stop(struct fixture *f)
{
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
}

struct admin {
	struct signer_client *client;
	pid_t pid;
};

static struct admin
admin_start(struct fixture *f)
{
	char number[16];
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--admin-fd", number,
	    (char *)"--key-file", f->sp.key_file, (char *)"--pkcs11-module", f->module,
	    (char *)"--pkcs11-pin-file", f->pin_file, NULL};
	struct gh_error err;
	struct admin a;
	int fd[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
	snprintf(number, sizeof(number), "%d", fd[1]);
	a.pid = spawn_signer(&f->sp, argv, fd[1]);
	close(fd[1]);
	MUST(signer_client_from_fd(fd[0], SIGNER_TEST_TIMEOUT_MS, &a.client, &err) == 0);
	return a;
}

static void
admin_stop(struct admin *a)
{
	signer_client_free(a->client);
	assert_int_equal(wait_for(a->pid), 0);
}

static int
create_in_token(struct fixture *f, const char *cn, const char *uri, const struct made_ca *parent,
    const struct signer_limits *limits, struct made_ca *out, struct gh_error *err)
{
	struct signer_create_ca create = {.key_alg = "",
	    .key_uri = uri,
	    .not_before = gh_now() - 3600,
	    .not_after = gh_now() + (parent == NULL ? 7300 : 3650) * DAY,
	    .limits = *limits};
	unsigned char *name = name_der(cn, &create.subject_len);
	struct admin a = admin_start(f);
	int rc;

	create.subject = name;
	if (parent != NULL) {
		create.parent = parent->sealed;
		create.parent_len = parent->sealed_len;
	}
	rc = signer_client_create_ca(a.client, &create, &out->cert, &out->cert_len, &out->sealed,
	    &out->sealed_len, err);
	admin_stop(&a);
	OPENSSL_free(name);
	return rc;
}

static void
must_create(struct fixture *f, const char *cn, const char *uri, const struct made_ca *parent,
    const struct signer_limits *limits, struct made_ca *out)
{
	struct gh_error err = {0};

	if (create_in_token(f, cn, uri, parent, limits, out, &err) != 0)
		fail_msg("%s: %s", uri, err.detail);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL && getenv("HSM_MODULE") != NULL && getenv("HSM_DIR") != NULL);
	snprintf(f->module, sizeof(f->module), "%s", getenv("HSM_MODULE"));
	snprintf(f->pin_file, sizeof(f->pin_file), "%s/pin", getenv("HSM_DIR"));
	signer_process_new(&f->sp);
	f->client = signer_process_client(&f->sp);
	must_create(f, "HSM Root", URI("root"), NULL, &root_limits, &f->root);
	must_create(f, "HSM Issuing", URI("issuing"), &f->root, &issuing_limits, &f->issuing);
	MUST(make_ca(&f->sp, "Software", "P-256", NULL, &issuing_limits, &f->software, &err) == 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	signer_process_free(&f->sp);
	made_ca_free(&f->root);
	made_ca_free(&f->issuing);
	made_ca_free(&f->software);
	free(f);
	return 0;
}

/* --- signing ---------------------------------------------------------------------------------- */

static X509 *
parse_cert(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	assert_non_null(x);
	return x;
}

static bool
is_signed_by(const unsigned char *der, size_t len, const struct made_ca *ca)
{
	X509 *x = parse_cert(der, len), *issuer = parse_cert(ca->cert, ca->cert_len);
	bool ok = X509_verify(x, X509_get0_pubkey(issuer)) == 1 &&
	    X509_check_issued(issuer, x) == X509_V_OK;

	X509_free(x);
	X509_free(issuer);
	return ok;
}

/* Load the CA and have a certificate signed; what the signer says to that. */
static int
sign_cert(struct signer_client *c, const struct made_ca *ca, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = gh_now() - 600,
	    .not_after = gh_now() + DAY,
	    .extensions = key_usage_extensions,
	    .extensions_len = sizeof(key_usage_extensions)};
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	unsigned char *der, *spki = NULL, *name = name_der("alice", &fields.subject_len);
	size_t len;
	int rc;

	fields.subject = name;
	fields.spki_len = (size_t)i2d_PUBKEY(key, &spki);
	fields.spki = spki;
	assert_int_equal(signer_client_load_ca(c, ca->sealed, ca->sealed_len, fields.ca_id, err),
	    0);
	if ((rc = sign_one(c, &fields, &der, &len, err)) == 0)
		assert_true(is_signed_by(der, len, ca));
	free(der);
	OPENSSL_free(name);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
	return rc;
}

static void
must_sign(struct fixture *f, const struct made_ca *ca)
{
	struct gh_error err = {0};

	if (sign_cert(f->client, ca, &err) != 0)
		fail_msg("sign_cert: %s", err.detail);
}

static void
must_be_away(struct fixture *f, const char *words)
{
	struct gh_error err = {0};

	assert_int_equal(sign_cert(f->client, &f->issuing, &err), GH_E_CA_UNAVAILABLE);
	if (strstr(err.message, "PKCS#11 token") == NULL || strstr(err.message, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err.message);
	must_sign(f, &f->software);
}

static struct signer_token_state
token_state(struct fixture *f)
{
	struct signer_token_state state;
	struct gh_error err;

	assert_int_equal(signer_client_token_state(f->client, &state, &err), 0);
	return state;
}

/* When the signer has looked again. */
static void
must_sign_soon(struct fixture *f, const struct made_ca *ca)
{
	struct gh_error err = {0};

	for (int ms = 0; sign_cert(f->client, ca, &err) != 0; ms += 50) {
		if (ms > SOON_MS)
			fail_msg("sign_cert: %s", err.detail);
		pause_ms(50);
	}
}

static void
wait_for_keys_away(struct fixture *f, unsigned wanted)
{
	for (int ms = 0; token_state(f).keys_away != wanted; ms += 50) {
		assert_true(ms <= SOON_MS);
		pause_ms(50);
	}
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
hsm__holds_a_root_and_an_issuing_ca(void **state)
{
	struct fixture *f = *state;
	struct made_ca strong, born;

	assert_true(is_signed_by(f->root.cert, f->root.cert_len, &f->root));
	assert_true(is_signed_by(f->issuing.cert, f->issuing.cert_len, &f->root));
	must_create(f, "Strong", URI("strong"), NULL, &issuing_limits, &strong);
	must_create(f, "Born", URI("born"), &f->root, &issuing_limits, &born);
	start(f);
	must_sign(f, &f->issuing);
	must_sign(f, &strong);
	must_sign(f, &born);
	must_sign(f, &f->software);
	assert_int_equal(token_state(f).keys, 3);
	assert_int_equal(token_state(f).keys_away, 0);
	stop(f);
	made_ca_free(&strong);
	made_ca_free(&born);
}

static void
check_crl(struct fixture *f, const struct made_ca *ca)
{
	static const unsigned char number[] = {0x30, 10, 6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 1};
	static const unsigned char entry[] = "\x30\x12\x02\x01\x05\x17\x0d"
					     "260921134640Z";
	struct signer_crl_fields fields = {.this_update = gh_now(),
	    .next_update = gh_now() + DAY,
	    .entries_len = sizeof(entry) - 1,
	    .extensions = number,
	    .extensions_len = sizeof(number)};
	unsigned char *head, *tail, *sig;
	size_t head_len, tail_len, sig_len;
	struct gh_buf file;
	struct gh_error err = {0};
	const unsigned char *p;
	X509_CRL *crl;
	X509 *x = parse_cert(ca->cert, ca->cert_len);

	assert_int_equal(signer_client_load_ca(f->client, ca->sealed, ca->sealed_len, fields.ca_id,
			     &err),
	    0);
	assert_int_equal(signer_client_crl_begin(f->client, &fields, &head, &head_len, &err), 0);
	assert_int_equal(signer_client_crl_entries(f->client, entry, sizeof(entry) - 1, &err), 0);
	if (signer_client_crl_end(f->client, &tail, &tail_len, &sig, &sig_len, &err) != 0)
		fail_msg("crl_end: %s", err.detail);
	gh_buf_init(&file, 1 << 16);
	gh_der_put_header(&file, GH_DER_SEQUENCE,
	    head_len + sizeof(entry) - 1 + tail_len + sig_len);
	gh_buf_put(&file, head, head_len);
	gh_buf_put(&file, entry, sizeof(entry) - 1);
	gh_buf_put(&file, tail, tail_len);
	gh_buf_put(&file, sig, sig_len);
	p = file.data;
	assert_non_null(crl = d2i_X509_CRL(NULL, &p, (long)file.len));
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(x)), 1);
	X509_CRL_free(crl);
	X509_free(x);
	gh_buf_free(&file);
	free(head);
	free(tail);
	free(sig);
}

/* Whose certificate comes from elsewhere. */
static void
hsm__imports_and_requests(void **state)
{
	struct fixture *f = *state;
	struct signer_import_ca import = {.key_uri = URI("root"),
	    .cert = f->root.cert,
	    .cert_len = f->root.cert_len,
	    .limits = root_limits};
	struct signer_create_csr request = {.key_uri = URI("strong"), .limits = issuing_limits};
	unsigned char *name = name_der("Requested", &request.subject_len), *csr;
	struct admin a = admin_start(f);
	struct made_ca imported = {.cert = f->root.cert, .cert_len = f->root.cert_len}, pending;
	struct gh_error err = {0};
	const unsigned char *p;
	X509_REQ *req;
	size_t len;

	assert_int_equal(signer_client_import_ca(a.client, &import, &imported.sealed,
			     &imported.sealed_len, &err),
	    0);
	import.key_uri = URI("issuing"); /* not the key of this certificate */
	assert_int_not_equal(signer_client_import_ca(a.client, &import, &pending.sealed, &len,
				 &err),
	    0);
	request.subject = name;
	assert_int_equal(signer_client_create_csr(a.client, &request, &csr, &len, &pending.sealed,
			     &pending.sealed_len, &err),
	    0);
	p = csr;
	assert_non_null(req = d2i_X509_REQ(NULL, &p, (long)len));
	assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	X509_REQ_free(req);
	admin_stop(&a);
	start(f);
	check_crl(f, &imported);
	stop(f);
	OPENSSL_free(name);
	free(csr);
	free(imported.sealed);
	free(pending.sealed);
}

/* With the same key, with another one of the token, and with one in the database. */
static void
hsm__renews(void **state)
{
	struct fixture *f = *state;
	static const char *const uri[] = {"", URI("strong"), ""};
	static const char *const alg[] = {"", "", "P-256"};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct signer_renew_ca renew = {.sealed = f->issuing.sealed,
		    .sealed_len = f->issuing.sealed_len,
		    .parent = f->root.sealed,
		    .parent_len = f->root.sealed_len,
		    .not_before = gh_now() - 60,
		    .not_after = gh_now() + 3000 * DAY,
		    .key_alg = alg[i],
		    .key_uri = uri[i]};
		struct admin a = admin_start(f);
		struct signer_renewed_ca out;
		struct made_ca renewed;
		struct gh_error err = {0};

		if (signer_client_renew_ca(a.client, &renew, &out, &err) != 0)
			fail_msg("renew_ca %zu: %s", i, err.detail);
		admin_stop(&a);
		assert_true(is_signed_by(out.cert.p, out.cert.len, &f->root));
		renewed = (struct made_ca){out.cert.p, out.sealed.p, out.cert.len, out.sealed.len};
		start(f);
		must_sign(f, &renewed);
		stop(f);
		signer_renewed_ca_free(&out);
	}
}

/* A key in a token has no password here. */
static void
hsm__takes_no_password(void **state)
{
	struct fixture *f = *state;
	struct gh_error err = {0};
	unsigned char *out;
	size_t len;

	start(f);
	assert_int_equal(signer_client_set_password(f->client, f->issuing.sealed,
			     f->issuing.sealed_len, NULL, "long enough", &out, &len, &err),
	    GH_E_CONFLICT);
	must_sign(f, &f->issuing);
	stop(f);
}

static void
hsm__signs_crls_and_ocsp_signers(void **state)
{
	struct fixture *f = *state;
	struct gh_error err = {0};
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct made_ca responder;

	start(f);
	check_crl(f, &f->root);
	check_crl(f, &f->issuing);
	assert_int_equal(signer_client_load_ca(f->client, f->issuing.sealed, f->issuing.sealed_len,
			     id, &err),
	    0);
	assert_int_equal(signer_client_create_ocsp_signer(f->client, id, gh_now() - 60,
			     gh_now() + DAY, NULL, &responder.cert, &responder.cert_len,
			     &responder.sealed, &responder.sealed_len, &err),
	    0);
	assert_true(is_signed_by(responder.cert, responder.cert_len, &f->issuing));
	assert_int_equal(signer_client_load_ca(f->client, responder.sealed, responder.sealed_len,
			     id, &err),
	    0);
	made_ca_free(&responder);
	stop(f);
}

/* The store goes away while the signer runs, and comes back. */
static void
hsm__comes_back_after_it_was_away(void **state)
{
	struct fixture *f = *state;
	struct signer_token_state s;

	start(f);
	must_sign(f, &f->issuing);
	move_store("tokens", "gone");
	must_be_away(f, "not available");
	s = token_state(f);
	assert_true(s.is_configured);
	assert_int_equal(s.keys_away, 1);
	assert_true(s.text[0] != '\0');
	must_be_away(f, "not available");
	move_store("gone", "tokens");
	must_sign_soon(f, &f->issuing);
	assert_int_equal(token_state(f).keys_away, 0);
	stop(f);
}

/* The state alone notices both, without anything being signed. */
static void
hsm__is_looked_for(void **state)
{
	struct fixture *f = *state;

	start(f);
	must_sign(f, &f->issuing);
	move_store("tokens", "gone");
	wait_for_keys_away(f, 1);
	move_store("gone", "tokens");
	wait_for_keys_away(f, 0);
	must_sign(f, &f->issuing);
	stop(f);
}

/* Another store in its place, with the same keys: every session and handle is void, and the next
 * signature works. */
static void
hsm__survives_a_lost_session(void **state)
{
	struct fixture *f = *state;
	int i;

	start(f);
	for (i = 0; i < 3; i++) {
		must_sign(f, &f->issuing);
		move_store("tokens", "other");
		move_store("second", "tokens");
		must_sign(f, &f->issuing);
		must_sign(f, &f->issuing);
		move_store("tokens", "second");
		move_store("other", "tokens");
	}
	stop(f);
}

/* A signer that starts without its token, or without the module itself. */
static void
hsm__is_missing_at_the_start(void **state)
{
	struct fixture *f = *state;
	char module[sizeof(f->module)];

	move_store("tokens", "gone");
	start(f);
	must_be_away(f, "not available");
	move_store("gone", "tokens");
	must_sign_soon(f, &f->issuing);
	stop(f);
	strcpy(module, f->module);
	snprintf(f->module, sizeof(f->module), "%s/libhsm.so", getenv("HSM_DIR"));
	start(f);
	must_be_away(f, "not available");
	/* the vendor's package is installed */
	MUST(symlink(module, f->module) == 0);
	must_sign_soon(f, &f->issuing);
	stop(f);
	unlink(f->module);
	strcpy(f->module, module);
}

static void
hsm__is_not_configured(void **state)
{
	struct fixture *f = *state;

	signer_process_start(&f->sp, "8");
	must_be_away(f, "no PKCS#11 module is configured");
	assert_false(token_state(f).is_configured);
	assert_int_equal(token_state(f).keys_away, 1);
	stop(f);
}

static void
hsm__does_not_repeat_a_wrong_pin(void **state)
{
	struct fixture *f = *state;
	char pin_file[sizeof(f->pin_file)];

	strcpy(pin_file, f->pin_file);
	snprintf(f->pin_file, sizeof(f->pin_file), "%s/wrong-pin", getenv("HSM_DIR"));
	start(f);
	must_be_away(f, "the PIN was refused");
	pause_ms(1500); /* so that it would look again */
	must_be_away(f, "the PIN was refused");
	stop(f);
	strcpy(f->pin_file, pin_file);
}

static void
refuse_uri(struct fixture *f, const char *uri, int code, const char *words)
{
	struct gh_error err = {0};
	struct made_ca ca;

	assert_int_equal(create_in_token(f, "X", uri, NULL, &issuing_limits, &ca, &err), code);
	if (strstr(err.message, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err.message);
}

static void
hsm__refuses_bad_uris(void **state)
{
	struct fixture *f = *state;

	refuse_uri(f, "file:/etc/passwd", GH_E_VALIDATION, "pkcs11:");
	refuse_uri(f, URI("root") "?pin-value=4711", GH_E_VALIDATION, "PIN");
	refuse_uri(f, "pkcs11:token=gatehouse;pin-source=/etc/passwd", GH_E_VALIDATION, "PIN");
	refuse_uri(f, URI("nobody"), GH_E_CA_UNAVAILABLE, "no token with this key");
	refuse_uri(f, "pkcs11:token=other;object=root", GH_E_CA_UNAVAILABLE, "not available");
	refuse_uri(f, "pkcs11:=%zz;;", GH_E_CA_UNAVAILABLE, "not available");
}

/* A key of the same name that is another one: a certificate of the CA must not be signed with
 * it. */
static void
hsm__does_not_sign_with_another_key(void **state)
{
	struct fixture *f = *state;
	struct gh_error err = {0};
	struct made_ca born;

	must_create(f, "Born", URI("born"), &f->root, &issuing_limits, &born);
	start(f);
	assert_int_equal(sign_cert(f->client, &born, &err), 0);
	move_store("tokens", "other");
	move_store("second", "tokens");
	assert_int_equal(sign_cert(f->client, &born, &err), GH_E_CA_UNAVAILABLE);
	assert_non_null(strstr(err.message, "is another one than is known here"));
	must_sign(f, &f->issuing);
	move_store("tokens", "second");
	move_store("other", "tokens");
	must_sign_soon(f, &born);
	stop(f);
	made_ca_free(&born);
}

static void *
sign_many(void *arg)
{
	struct fixture *f = arg;
	struct signer_client *c = signer_process_client(&f->sp);
	intptr_t failed = 0;
	struct gh_error err;
	int i;

	for (i = 0; i < 50; i++)
		failed += sign_cert(c, i % 2 == 0 ? &f->issuing : &f->root, &err) != 0;
	signer_client_free(c);
	return (void *)failed;
}

static void
hsm__signs_for_several_at_a_time(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[4];
	void *failed;
	int i;

	start(f);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_many, f), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_int_equal((intptr_t)failed, 0);
	}
	stop(f);
}

static atomic_bool is_over;

static void *
sign_until_over(void *arg)
{
	struct fixture *f = arg;
	struct signer_client *c = signer_process_client(&f->sp);
	intptr_t n = 0;
	struct gh_error err;

	while (!atomic_load(&is_over)) {
		int rc = sign_cert(c, n % 2 == 0 ? &f->issuing : &f->root, &err);

		if (rc != 0 && rc != GH_E_CA_UNAVAILABLE) {
			fprintf(stderr, "sign_cert: %s\n", err.detail);
			n = -1;
			break;
		}
		n++;
	}
	signer_client_free(c);
	return (void *)n;
}

/* Stores change while several sign and one asks for the state. */
static void
hsm__survives_changes_under_load(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[4];
	void *n;
	int i;

	start(f);
	atomic_store(&is_over, false);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_until_over, f), 0);
	for (i = 0; i < 10; i++) {
		pause_ms(200);
		move_store("tokens", "other");
		if (i % 3 == 0)
			pause_ms(300);
		(void)token_state(f);
		move_store("second", "tokens");
		pause_ms(200);
		move_store("tokens", "second");
		move_store("other", "tokens");
	}
	atomic_store(&is_over, true);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &n), 0);
		assert_true((intptr_t)n > 0);
	}
	must_sign_soon(f, &f->issuing);
	must_sign_soon(f, &f->root);
	assert_int_equal(token_state(f).keys_away, 0);
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(hsm__holds_a_root_and_an_issuing_ca, restore),
	    cmocka_unit_test_teardown(hsm__signs_crls_and_ocsp_signers, restore),
	    cmocka_unit_test_teardown(hsm__imports_and_requests, restore),
	    cmocka_unit_test_teardown(hsm__renews, restore),
	    cmocka_unit_test_teardown(hsm__takes_no_password, restore),
	    cmocka_unit_test_teardown(hsm__comes_back_after_it_was_away, restore),
	    cmocka_unit_test_teardown(hsm__is_looked_for, restore),
	    cmocka_unit_test_teardown(hsm__survives_a_lost_session, restore),
	    cmocka_unit_test_teardown(hsm__is_missing_at_the_start, restore),
	    cmocka_unit_test_teardown(hsm__is_not_configured, restore),
	    cmocka_unit_test_teardown(hsm__does_not_repeat_a_wrong_pin, restore),
	    cmocka_unit_test_teardown(hsm__refuses_bad_uris, restore),
	    cmocka_unit_test_teardown(hsm__does_not_sign_with_another_key, restore),
	    cmocka_unit_test_teardown(hsm__signs_for_several_at_a_time, restore),
	    cmocka_unit_test_teardown(hsm__survives_changes_under_load, restore),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
