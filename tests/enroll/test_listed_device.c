/* The device table: serial numbers, and which device is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/listed_device.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct gh_error err;

static gh_json *
parse(const char *text)
{
	gh_json *v;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &v, &err), 0);
	return v;
}

/* X.520: caseIgnoreMatch, insignificant blanks. */
static void
device__serial_numbers(void **state)
{
	static const struct {
		const char *text, *form; /* NULL: none */
	} rows[] = {
	    {"SN-1", "sn-1"},
	    {"  SN   1 ", "sn 1"},
	    {"a+b/c=d?", "a+b/c=d?"},
	    {"", NULL},
	    {"   ", NULL},
	    {"a\tb", NULL},
	    {"\xc3\xbc", NULL},
	    {"0123456789012345678901234567890123456789012345678901234567890123",
		"0123456789012345678901234567890123456789012345678901234567890123"},
	    {"01234567890123456789012345678901234567890123456789012345678901234", NULL},
	};
	char form[LISTED_DEVICE_SERIAL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool ok = listed_device_serial(rows[i].text, strlen(rows[i].text), form);

		assert_int_equal(ok, rows[i].form != NULL);
		if (ok)
			assert_string_equal(form, rows[i].form);
	}
	assert_false(listed_device_serial("a\0b", 3, form));
}

static void
add(X509_NAME *name, int type, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_serialNumber, type,
			     (const unsigned char *)text, -1, -1, 0),
	    1);
}

/* Of any string type; one, or none. */
static void
device__serial_number_of_a_name(void **state)
{
	static const int types[] = {V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_T61STRING};
	char form[LISTED_DEVICE_SERIAL_SIZE];
	X509_NAME *name;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		name = X509_NAME_new();
		assert_false(listed_device_serial_of(name, form));
		add(name, types[i], "SN 1");
		assert_true(listed_device_serial_of(name, form));
		assert_string_equal(form, "sn 1");
		add(name, types[i], "SN 1");
		assert_false(listed_device_serial_of(name, form));
		X509_NAME_free(name);
	}
}

static void
device__is_found_by_its_manufacturer(void **state)
{
	gh_json *rows =
	    parse("[{\"id\":1,\"serial\":\"a\",\"anchor\":\"\",\"enabled\":true},"
		  "{\"id\":2,\"serial\":\"a\",\"anchor\":\"" KEY_A "\",\"enabled\":false,"
		  "\"labels\":\"phones Routers\"},"
		  "{\"id\":3,\"serial\":\"b\",\"anchor\":\"" KEY_A "\",\"est_user\":\"u\"},"
		  "{\"id\":4,\"anchor\":\"\"}]");
	struct listed_devices d;

	(void)state;
	assert_int_equal(listed_devices_load(rows, &d, &err), 0);
	assert_int_equal(d.n, 3);
	assert_int_equal(listed_devices_find(&d, "a", KEY_A, false)->id, 2);
	assert_int_equal(listed_devices_find(&d, "a", KEY_A, true)->id, 2);
	assert_int_equal(listed_devices_find(&d, "a", KEY_B, true)->id, 1);
	assert_null(listed_devices_find(&d, "a", KEY_B, false));
	assert_null(listed_devices_find(&d, "b", KEY_B, true));
	assert_null(listed_devices_find_only(&d, "a"));
	assert_int_equal(listed_devices_find_only(&d, "b")->id, 3);
	assert_true(listed_devices_has(&d, "a") && !listed_devices_has(&d, "c"));
	assert_int_equal(listed_devices_find_user(&d, "u")->id, 3);
	assert_null(listed_devices_find_user(&d, "U"));
	assert_null(listed_devices_find_id(&d, 4));
	assert_true(listed_device_has_label(listed_devices_find_id(&d, 1), "any"));
	assert_true(listed_device_has_label(listed_devices_find_id(&d, 2), "routers"));
	assert_false(listed_device_has_label(listed_devices_find_id(&d, 2), "router"));
	assert_false(listed_devices_find_id(&d, 3)->is_enabled);
	listed_devices_clear(&d);
	gh_json_free(rows);
}

static void
device__rows_that_cannot_be(void **state)
{
	static const struct {
		const char *row;
		bool is_good;
	} rows[] = {
	    {"{\"serial\":\"a\"}", true},
	    {"{\"serial\":\"a\",\"subject\":\"CN=x,O=y\",\"san\":\"dns:x ip:192.0.2.1 ip:::1 email:a@b uri:urn:x\"}",
		true},
	    {"{\"serial\":\"a\",\"san\":\"dns:x\"}", false},
	    {"{\"serial\":\"a\",\"subject\":\"nothing\"}", false},
	    {"{\"serial\":\"a\",\"subject\":\"CN=x\",\"san\":\"x\"}", false},
	    {"{\"serial\":\"a\",\"subject\":\"CN=x\",\"san\":\"dns:\"}", false},
	    {"{\"serial\":\"a\",\"subject\":\"CN=x\",\"san\":\"ip:1.2.3\"}", false},
	    {"{\"serial\":\"a\",\"anchor\":\"" KEY_A "\"}", true},
	    {"{\"serial\":\"a\",\"anchor\":\"AA\"}", false},
	    {"{\"serial\":\"a\",\"spki\":\"zz\"}", false},
	    {"{\"serial\":\"a\",\"expires\":\"x\"}", false},
	    {"{\"serial\":\"a\",\"note\":\"a\\u0007\"}", false},
	    {"{}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		gh_json *row = parse(rows[i].row);

		if ((listed_device_check(row, &err) == 0) != rows[i].is_good)
			fail_msg("row %zu", i);
		gh_json_free(row);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(device__serial_numbers),
	    cmocka_unit_test(device__serial_number_of_a_name),
	    cmocka_unit_test(device__is_found_by_its_manufacturer),
	    cmocka_unit_test(device__rows_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
