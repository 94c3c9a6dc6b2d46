/*
 * Outputs are empty after a failure, everywhere: a caller that looks at a length although the call
 * has failed reads nothing. Each decoder of what comes from outside, outputs poisoned, is given
 * what it must refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/revoke.h"
#include "auth/auth_basic.h"
#include "auth/auth_cert.h"
#include "encoding.h"
#include "hex.h"
#include "http_cache.h"
#include "ip.h"
#include "json.h"
#include "model.h"
#include "name.h"
#include "public/ocsp_http.h"
#include "formats/ocsp_request.h"
#include "formats/pkcs10.h"
#include "http/proxy_header.h"
#include "formats/revocation_reason.h"
#include "timestamp.h"

#define POISON 0xa5
#define MALFORMED "\x30\x82\xff\xff\x02\x01"

/* What a decoder can leave behind. */
union output {
	unsigned char bytes[16384];
	char *text;
	unsigned char *data;
	int64_t number;
	size_t size;
	int integer;
	gh_json *json;
	struct ocsp_request ocsp_request;
	struct ocsp_cert_id ocsp_cert_id;
	struct ca_pkcs10 *pkcs10;
	struct tmpl_dn *dn;
	struct auth_basic basic;
	struct auth_cert cert;
	struct dir_name name;
	bool flag;
	struct sockaddr_storage address;
};

static union output out, out2;
static struct gh_error err;

static bool
is_empty(const union output *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (o->bytes[i] != 0)
			return false;
	return true;
}

static void
poison(void)
{
	memset(&out, POISON, sizeof(out));
	memset(&out2, POISON, sizeof(out2));
}

/* failed: the call, true when it has refused. sizes: of the outputs. */
#define REFUSES(failed, size, size2) \
	do { \
		poison(); \
		assert_true(failed); \
		assert_true(is_empty(&out, (size))); \
		assert_true(is_empty(&out2, (size2))); \
	} while (0)

static void
outputs__texts(void **state)
{
	static const char *const no_base64[] = {"QUJ=A", "QUJDQ", "QUJDRB==", "QUJD!",
	    "QUJDQUJDQ==="};

	(void)state;
	for (size_t i = 0; i < sizeof(no_base64) / sizeof(no_base64[0]); i++)
		REFUSES(gh_base64_decode(no_base64[i], strlen(no_base64[i]), &out.data, &out2.size,
			    &err) != 0,
		    sizeof(out.data), sizeof(out2.size));
	REFUSES(gh_hex_decode("0a0g", 4, &out.data, &out2.size, &err) != 0, sizeof(out.data),
	    sizeof(out2.size));
	REFUSES(gh_secret_decode("hex:0g", &out.data, &out2.size, &err) != 0, sizeof(out.data),
	    sizeof(out2.size));
	REFUSES(gh_secret_decode("base64:QUJD!", &out.data, &out2.size, &err) != 0,
	    sizeof(out.data), sizeof(out2.size));
	REFUSES(!gh_http_date_parse("Sun, 06 Nov 1994 08:61:37 GMT", &out.number),
	    sizeof(out.number), 0);
	REFUSES(!gh_http_date_parse("yesterday", &out.number), sizeof(out.number), 0);
	REFUSES(gh_timestamp_parse("2024-02-30T00:00:00Z", &out.number, &err) != 0,
	    sizeof(out.number), 0);
	REFUSES(gh_timestamp_parse("2024-02-03T00:00:00+99:00", &out.number, &err) != 0,
	    sizeof(out.number), 0);
	REFUSES(gh_json_parse("{\"a\":1,\"a\":2}", 13, GH_JSON_STRICT, &out.json, &err) != 0,
	    sizeof(out.json), 0);
	REFUSES(!gh_ip_parse("10.0.0.1x", out.bytes), GH_IP_SIZE, 0);
	REFUSES(!revocation_reason_parse("7", &out.integer), sizeof(out.integer), 0);
	REFUSES(!revoke_date_parse("2024-13-01", &out.number), sizeof(out.number), 0);
	REFUSES(tmpl_dn_parse("cn=a,b", &out.dn, &err) != 0, sizeof(out.dn), 0);
	REFUSES(dir_name_parse("OTHER\\alice", "EXAMPLE", "", &out.name, &err) != 0,
	    sizeof(out.name), 0);
	REFUSES(dir_name_parse(" alice", "EXAMPLE", "", &out.name, &err) != 0, sizeof(out.name), 0);
}

static void
outputs__requests(void **state)
{
	unsigned char proxy[PROXY_HEADER_MAX] = "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x0c";
	const unsigned char *der = (const unsigned char *)MALFORMED;

	(void)state;
	REFUSES(!ocsp_path_decode("MAB", out.bytes + sizeof(size_t), 99, &out.size),
	    sizeof(out.size), 0);
	REFUSES(ocsp_request_parse(der, 6, &out.ocsp_request, &err) != 0, sizeof(out.ocsp_request),
	    0);
	REFUSES(!ocsp_cert_id_parse(der, 6, &out.ocsp_cert_id), sizeof(out.ocsp_cert_id), 0);
	REFUSES(ca_pkcs10_parse(der, 6, &out.pkcs10, &err) != 0, sizeof(out.pkcs10), 0);
	REFUSES(ca_pkcs10_unarmour("-----BEGIN NOTHING-----", &out.data, &out2.size, &err) != 0,
	    sizeof(out.data), sizeof(out2.size));
	REFUSES(auth_cert_read(der, 6, AUTH_CERT_UPN, &out.cert, &err) != 0, sizeof(out.cert), 0);
	REFUSES(auth_basic_parse("Basic YWxpY2U", &out.basic, &err) != 0, sizeof(out.basic), 0);
	poison(); /* the name stays, for the log */
	assert_int_equal(auth_basic_parse("Basic YWxpY2U6YQFi", &out.basic, &err),
	    GH_E_AUTH_FAILED);
	assert_string_equal(out.basic.user, "alice");
	assert_string_equal(out.basic.password, "");
	REFUSES(proxy_header_parse(proxy, 28, &out.address, &out2.flag, &err) != 0,
	    sizeof(out.address), sizeof(out2.flag));
	REFUSES(proxy_header_size(proxy + 1, &out.size, &err) != 0, sizeof(out.size), 0);
}

/* OCSP requests with one byte wrong each. */
static void
outputs__each_byte_of_an_ocsp_request(void **state)
{
	static const unsigned char good[] = {0x30, 0x42, 0x30, 0x40, 0x30, 0x3e, 0x30, 0x3c, 0x30,
	    0x3a, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14, 1,
	    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0x04, 0x14, 1, 2, 3,
	    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0x02, 0x01, 0x11};
	unsigned char bad[sizeof(good)];

	(void)state;
	assert_int_equal(ocsp_request_parse(good, sizeof(good), &out.ocsp_request, &err), 0);
	for (size_t i = 0; i < sizeof(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i] ^= 0x55;
		poison();
		if (ocsp_request_parse(bad, sizeof(bad), &out.ocsp_request, &err) != 0)
			assert_true(is_empty(&out, sizeof(out.ocsp_request)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(outputs__texts),
	    cmocka_unit_test(outputs__requests),
	    cmocka_unit_test(outputs__each_byte_of_an_ocsp_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
