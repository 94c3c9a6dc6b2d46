/* Keys for programs that valgrind runs. */
#ifndef TEST_KEY_ELSEWHERE_H
#define TEST_KEY_ELSEWHERE_H

#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

/* As gh_key_make, in a process of its own: valgrind takes ten seconds to find the primes of one RSA
 * key. */
static EVP_PKEY *
make_key(const char *kind)
{
	char command[128];
	EVP_PKEY *key;
	FILE *from;

	if (strncmp(kind, "RSA-", 4) == 0)
		snprintf(command, sizeof(command),
		    "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:%s", kind + 4);
	else if (strncmp(kind, "P-", 2) == 0)
		snprintf(command, sizeof(command),
		    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:%s", kind);
	else
		snprintf(command, sizeof(command), "openssl genpkey -algorithm %s", kind);
	from = popen(command, "r");
	assert_non_null(from);
	key = PEM_read_PrivateKey(from, NULL, NULL, NULL);
	assert_int_equal(pclose(from), 0);
	assert_non_null(key);
	return key;
}

#endif
