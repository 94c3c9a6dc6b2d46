/* Digest: the vectors of RFC 7616, 3.9.1, what is refused, and nonces. */
/* valgrind: parses bytes from outside, and hashes them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/digest_header.h"
#include "auth/digest_nonce.h"

static struct digest_header header;
static struct gh_error err;

/* ---- RFC 7616, 3.9.1 ---- */

#define RFC_COMMON \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", " \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, " \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, " \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC_SHA256 \
	RFC_COMMON \
	", algorithm=SHA-256, response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
#define RFC_MD5 RFC_COMMON ", response=\"8ca523f5e9506fed4657c9700eebdbec\""

static struct digest_secret
secret_of(const char *user, const char *realm, const char *password)
{
	const char *const part[] = {user, realm, password, NULL};
	struct digest_secret s;

	for (int h = 0; h < DIGEST_HASHES; h++)
		assert_int_equal(digest_of((enum digest_hash)h, part, s.a1[h], &err), 0);
	return s;
}

static void
rfc7616__vectors(void **state)
{
	static const char *const headers[] = {RFC_SHA256, RFC_MD5, RFC_MD5 ", algorithm=MD5"};
	struct digest_secret right = secret_of("Mufasa", "http-auth@example.org", "Circle of Life");
	struct digest_secret wrong = secret_of("Mufasa", "http-auth@example.org", "Circle of life");

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_int_equal(digest_header_parse(headers[i], &header, &err), 0);
		assert_string_equal(header.user, "Mufasa");
		assert_int_equal(header.count, 1);
		assert_int_equal(digest_header_check(&header, &right, "GET", &err), 0);
		assert_int_equal(digest_header_check(&header, &right, "POST", &err),
		    GH_E_AUTH_FAILED);
		assert_int_equal(digest_header_check(&header, &wrong, "GET", &err),
		    GH_E_AUTH_FAILED);
	}
}

/* As md5sum and sha256sum say. */
static void
secret__of_a_password(void **state)
{
	struct digest_secret s;

	(void)state;
	assert_int_equal(digest_secret_make("printer", "a-long-password", &s, &err), 0);
	assert_string_equal(s.a1[DIGEST_SHA256],
	    "eb9f9b653b79b76567ae89a4592f3b87e1d1d91eaa3e88a307876770997e2361");
	assert_string_equal(s.a1[DIGEST_MD5], "a13a3748832aa2aa0d554830abc372cb");
}

/* ---- what is refused ---- */

#define REST "realm=\"r\", nonce=\"n\", uri=\"/\", cnonce=\"c\", "
#define HASH "response=\"8ca523f5e9506fed4657c9700eebdbec\""
#define GOOD "Digest username=\"u\", " REST "nc=00000001, qop=auth, " HASH

static const struct {
	const char *why, *text;
	int rc;
} headers[] = {
    {"good", GOOD, 0},
    {"in any case, with blanks and empty elements",
	"dIgEsT  ,USERNAME = \"u\"\t,, " REST "nc=0000000F ,qop=\"auth\", " HASH " , ", 0},
    {"unknown parameters", GOOD ", charset=UTF-8, x=\"\"", 0},
    {"userhash=false", GOOD ", userhash=false", 0},
    {"none", NULL, GH_E_AUTH_REQUIRED},
    {"another scheme", "Basic dTpw", GH_E_AUTH_REQUIRED},
    {"a scheme that begins alike", "Digestive " REST, GH_E_AUTH_REQUIRED},
    {"nothing", "Digest", GH_E_AUTH_FAILED},
    {"no user", "Digest " REST "nc=00000001, qop=auth, " HASH, GH_E_AUTH_FAILED},
    {"an empty user", "Digest username=\"\", " REST "nc=00000001, qop=auth, " HASH,
	GH_E_AUTH_FAILED},
    {"an encoded user", GOOD ", username*=UTF-8''u", GH_E_AUTH_FAILED},
    {"a hashed user", GOOD ", userhash=true", GH_E_AUTH_FAILED},
    {"no qop, as RFC 2069", "Digest username=\"u\", " REST "nc=00000001, " HASH, GH_E_AUTH_FAILED},
    {"qop=auth-int", "Digest username=\"u\", " REST "nc=00000001, qop=auth-int, " HASH,
	GH_E_AUTH_FAILED},
    {"no nc", "Digest username=\"u\", " REST "qop=auth, " HASH, GH_E_AUTH_FAILED},
    {"nc of 7 digits", "Digest username=\"u\", " REST "nc=0000001, qop=auth, " HASH,
	GH_E_AUTH_FAILED},
    {"nc of 9 digits", "Digest username=\"u\", " REST "nc=000000001, qop=auth, " HASH,
	GH_E_AUTH_FAILED},
    {"nc with a sign", "Digest username=\"u\", " REST "nc=+0000001, qop=auth, " HASH,
	GH_E_AUTH_FAILED},
    {"nc of 0", "Digest username=\"u\", " REST "nc=00000000, qop=auth, " HASH, GH_E_AUTH_FAILED},
    {"algorithm MD5-sess", GOOD ", algorithm=MD5-sess", GH_E_AUTH_FAILED},
    {"SHA-256 with the length of MD5", GOOD ", algorithm=SHA-256", GH_E_AUTH_FAILED},
    {"response in capitals",
	"Digest username=\"u\", " REST
	"nc=00000001, qop=auth, response=\"8CA523F5E9506FED4657C9700EEBDBEC\"",
	GH_E_AUTH_FAILED},
    {"twice", GOOD ", nonce=\"n\"", GH_E_AUTH_FAILED},
    {"twice, in other letters", GOOD ", NONCE=\"n\"", GH_E_AUTH_FAILED},
    {"a backslash", GOOD ", x=\"a\\\"b\"", GH_E_AUTH_FAILED},
    {"a quote that does not end", GOOD ", x=\"a", GH_E_AUTH_FAILED},
    {"two values", GOOD ", x=a b", GH_E_AUTH_FAILED},
    {"something behind a token", GOOD ", x=a\"b\"", GH_E_AUTH_FAILED},
    {"no value", GOOD ", x", GH_E_AUTH_FAILED},
    {"no value behind =", GOOD ", x=", GH_E_AUTH_FAILED},
    {"no name", GOOD ", =x", GH_E_AUTH_FAILED},
};

static void
parse__accepts_and_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		int rc = digest_header_parse(headers[i].text, &header, &err);

		if (rc != headers[i].rc)
			fail_msg("%s: %d", headers[i].why, rc);
		assert_true((header.user != NULL) == (rc == 0));
	}
}

static void
parse__too_long(void **state)
{
	static char text[DIGEST_HEADER_MAX + 64];

	(void)state;
	strcpy(text, GOOD ", x=");
	memset(text + strlen(text), 'a', sizeof(text) - strlen(text) - 1);
	assert_int_equal(digest_header_parse(text, &header, &err), GH_E_AUTH_FAILED);
	text[DIGEST_HEADER_MAX - 1] = '\0';
	assert_int_equal(digest_header_parse(text, &header, &err), 0);
}

/* ---- nonces ---- */

#define NOW 1800000000

static void
nonce__is_good_for_a_while_and_with_its_secret_only(void **state)
{
	static const unsigned char secret[32] = {1}, other[32] = {2};
	char nonce[DIGEST_NONCE_SIZE], again[DIGEST_NONCE_SIZE];

	(void)state;
	assert_int_equal(digest_nonce_make(secret, NOW, nonce, &err), 0);
	assert_int_equal(digest_nonce_make(secret, NOW, again, &err), 0);
	assert_string_not_equal(nonce, again);
	assert_int_equal(digest_nonce_look(secret, nonce, NOW), DIGEST_NONCE_GOOD);
	assert_int_equal(digest_nonce_look(secret, nonce, NOW - 60), DIGEST_NONCE_GOOD);
	assert_int_equal(digest_nonce_look(secret, nonce, NOW - 61), DIGEST_NONCE_FOREIGN);
	assert_int_equal(digest_nonce_look(secret, nonce, NOW + DIGEST_NONCE_SECONDS),
	    DIGEST_NONCE_GOOD);
	assert_int_equal(digest_nonce_look(secret, nonce, NOW + DIGEST_NONCE_SECONDS + 1),
	    DIGEST_NONCE_STALE);
	assert_int_equal(digest_nonce_look(other, nonce, NOW), DIGEST_NONCE_FOREIGN);
}

static void
nonce__altered_is_foreign(void **state)
{
	static const unsigned char secret[32] = {1};
	char nonce[DIGEST_NONCE_SIZE];

	(void)state;
	assert_int_equal(digest_nonce_make(secret, NOW, nonce, &err), 0);
	for (size_t i = 0; i < DIGEST_NONCE_SIZE - 1; i++) {
		char was = nonce[i];

		nonce[i] = was == 'a' ? 'b' : 'a';
		assert_int_equal(digest_nonce_look(secret, nonce, NOW), DIGEST_NONCE_FOREIGN);
		nonce[i] = 'A'; /* another spelling would be another nonce */
		assert_int_equal(digest_nonce_look(secret, nonce, NOW), DIGEST_NONCE_FOREIGN);
		nonce[i] = was;
	}
	nonce[40] = '\0';
	assert_int_equal(digest_nonce_look(secret, nonce, NOW), DIGEST_NONCE_FOREIGN);
	assert_int_equal(digest_nonce_look(secret, "", NOW), DIGEST_NONCE_FOREIGN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc7616__vectors),
	    cmocka_unit_test(secret__of_a_password),
	    cmocka_unit_test(parse__accepts_and_refuses),
	    cmocka_unit_test(parse__too_long),
	    cmocka_unit_test(nonce__is_good_for_a_while_and_with_its_secret_only),
	    cmocka_unit_test(nonce__altered_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
