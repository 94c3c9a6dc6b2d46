/* Template files: each way to write one wrongly is told with the path of the member. */
#include "fixture.h"

#include <dirent.h>

#include "load.h"

static const char base[] =
    "{\"name\":\"T\",\"oid\":\"1.2.3.4\",\"schemaVersion\":2,\"nameFlags\":[\"SUBJECT_REQUIRE_"
    "COMMON_NAME\"],"
    "\"keyTypes\":[{\"type\":\"RSA\"}],\"validity\":\"365d\",\"keyUsage\":[\"digitalSignature\"],"
    "\"extendedKeyUsage\":[\"clientAuth\"],\"enrollGroups\":[\"*\"]}";

/* A template that takes its names from the request, for the members that only then make sense. */
#define SUPPLIED "\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"

/* members: JSON members that replace those of base (null takes one away).
 * message: how the refusal begins, or NULL: it loads. */
struct load_case {
	const char *name, *members, *message;
};

static const struct load_case load_cases[] = {
    {"plain", "", NULL},
    {"unknown_member", "\"nmae\":1", "nmae: unknown member"},
    {"names_have_case", "\"Name\":\"T\"", "Name: unknown member"},

    {"name_missing", "\"name\":null", "name: is missing"},
    {"name_type", "\"name\":7", "name: must be a string, not an integer"},
    {"name_empty", "\"name\":\"\"", "name: must have 1 to 64 characters"},
    {"name_64", "\"name\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234\"",
	NULL},
    {"name_65", "\"name\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345\"",
	"name: "},
    {"name_slash", "\"name\":\"a/b\"", "name: must have no / "},
    {"name_blank", "\"name\":\" a\"", "name: must have no / "},
    {"name_of_a_ca", "\"name\":\"subca\"", "name: "},
    {"name_control", "\"name\":\"a\\u0007\"", "name: must not hold control characters"},
    {"display_name_type", "\"displayName\":[]", "displayName: must be a string, not an array"},
    {"description_type", "\"description\":true",
	"description: must be a string, not true or false"},

    {"oid_missing_for_schema_2", "\"oid\":null", "oid: is needed"},
    {"oid_not_needed_for_schema_1", "\"oid\":null,\"schemaVersion\":1", NULL},
    {"oid_malformed", "\"oid\":\"1.2.x\"", "oid: must be a known name or a dotted OID"},
    {"oid_leading_zero", "\"oid\":\"1.2.03\"", "oid: "},
    {"oid_one_arc", "\"oid\":\"1..\"", "oid: "},
    {"oid_first_arc", "\"oid\":\"3.1.1\"", "oid: "},
    {"oid_second_arc", "\"oid\":\"1.40.1\"", "oid: "},
    {"oid_largest_arc", "\"oid\":\"1.2.4294967295\"", NULL},
    {"oid_arc_too_large", "\"oid\":\"1.2.4294967296\"", "oid: "},
    {"schema_version_0", "\"schemaVersion\":0", "schemaVersion: must be between 1 and 4"},
    {"schema_version_5", "\"schemaVersion\":5", "schemaVersion: must be between 1 and 4"},
    {"schema_version_text", "\"schemaVersion\":\"2\"",
	"schemaVersion: must be an integer, not a string"},
    {"major_version_negative", "\"majorVersion\":-1", "majorVersion: must be between 0"},
    {"minor_version_too_large", "\"minorVersion\":2147483648", "minorVersion: must be between 0"},
    {"machine_type", "\"machine\":1", "machine: must be true or false, not an integer"},
    {"notify", "\"notify\":{\"groups\":[\"a\",\"cn=b,dc=x\"],\"events\":[\"cert.revoked\"]}", NULL},
    {"notify_by_default", "\"notify\":{\"groups\":[\"a\"]}", NULL},
    {"notify_type", "\"notify\":[]", "notify: must be an object, not an array"},
    {"notify_nobody", "\"notify\":{}", "notify.groups: is missing"},
    {"notify_no_groups", "\"notify\":{\"groups\":[]}", "notify.groups: must have 1 to 16"},
    {"notify_everybody", "\"notify\":{\"groups\":[\"S-1-1-0\"]}",
	"notify.groups[0]: must be a group"},
    {"notify_twice", "\"notify\":{\"groups\":[\"a\",\"a\"]}", "notify.groups[1]: is there twice"},
    {"notify_unknown_event", "\"notify\":{\"groups\":[\"a\"],\"events\":[\"ca.expiring\"]}",
	"notify.events[0]: is no event"},
    {"notify_unknown_member", "\"notify\":{\"groups\":[\"a\"],\"mail\":1}",
	"notify.mail: unknown member"},

    {"requester_unknown", SUPPLIED "\"requester\":\"robot\"",
	"requester: must be one of user, machine, any"},
    {"requester_any", SUPPLIED "\"requester\":\"any\"", NULL},
    {"requester_without_effect", "\"requester\":\"any\"", "requester: is only for ENROLLEE"},

    {"name_flags_missing", "\"nameFlags\":null", "nameFlags: is missing"},
    {"name_flags_empty", "\"nameFlags\":[]", "nameFlags: must have 1 to"},
    {"name_flags_unknown", "\"nameFlags\":[\"SUBJECT_REQUIRE_COMMON_NAME\",\"X\"]",
	"nameFlags[1]: unknown name \"X\""},
    {"name_flags_twice", "\"nameFlags\":[\"SUBJECT_REQUIRE_EMAIL\",\"SUBJECT_REQUIRE_EMAIL\"]",
	"nameFlags[1]: is there twice"},
    {"name_flags_type", "\"nameFlags\":[1]", "nameFlags[0]: must be a string"},
    {"name_flags_conflict",
	"\"approval\":true,\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\",\"SUBJECT_ALT_REQUIRE_"
	"UPN\"]",
	"nameFlags: ENROLLEE_SUPPLIES_SUBJECT excludes"},
    {"name_flags_without_names", "\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME\"]",
	"nameFlags: would give neither"},

    {"enrollment_flags_unknown", "\"enrollmentFlags\":[\"X\"]", "enrollmentFlags[0]: unknown name"},
    {"enrollment_flags_twice", "\"enrollmentFlags\":[\"PEND_ALL_REQUESTS\",\"PEND_ALL_REQUESTS\"]",
	"enrollmentFlags[1]: is there twice"},
    {"enrollment_flags_type", "\"enrollmentFlags\":[null]", "enrollmentFlags[0]: must be a string"},
    {"publish_to_ds", "\"enrollmentFlags\":[\"PUBLISH_TO_DS\"]",
	"enrollmentFlags[0]: PUBLISH_TO_DS is not supported"},
    {"publish_to_kra", "\"enrollmentFlags\":[\"PUBLISH_TO_KRA_CONTAINER\"]",
	"enrollmentFlags[0]: PUBLISH_TO_KRA_CONTAINER is not supported"},
    {"previous_approval", "\"enrollmentFlags\":[\"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT\"]",
	"enrollmentFlags[0]: PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT is not"},
    {"key_based_renewal",
	"\"enrollmentFlags\":[\"ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT\"]",
	"enrollmentFlags[0]: ALLOW_PREVIOUS"},
    {"on_behalf_of", "\"enrollmentFlags\":[\"ALLOW_ENROLL_ON_BEHALF_OF\"]",
	"enrollmentFlags[0]: ALLOW_ENROLL_ON_BEHALF_OF is not"},
    {"no_authentication", "\"enrollmentFlags\":[\"DOMAIN_AUTHENTICATION_NOT_REQUIRED\"]",
	"enrollmentFlags[0]: DOMAIN_AUTHENTICATION_NOT_REQUIRED is not"},
    {"nocheck_without_ocsp_signing", "\"enrollmentFlags\":[\"ADD_OCSP_NOCHECK\"]",
	"enrollmentFlags: ADD_OCSP_NOCHECK"},
    {"archival", "\"privateKeyFlags\":[\"REQUIRE_PRIVATE_KEY_ARCHIVAL\"]",
	"privateKeyFlags[0]: REQUIRE_PRIVATE_KEY_ARCHIVAL is not supported: say"},
    {"same_key", "\"privateKeyFlags\":[\"EXPORTABLE_KEY\",\"REQUIRE_SAME_KEY_RENEWAL\"]",
	"privateKeyFlags[1]: "},
    {"alternate_signature", "\"privateKeyFlags\":[\"REQUIRE_ALTERNATE_SIGNATURE_ALGORITHM\"]",
	"privateKeyFlags[0]: "},
    {"attestation", "\"privateKeyFlags\":[\"ATTEST_REQUIRED\"]",
	"privateKeyFlags[0]: ATTEST_REQUIRED is not"},
    {"attestation_without_policy", "\"privateKeyFlags\":[\"ATTESTATION_WITHOUT_POLICY\"]",
	"privateKeyFlags[0]: "},
    {"ek_trust_on_use", "\"privateKeyFlags\":[\"EK_TRUST_ON_USE\"]", "privateKeyFlags[0]: "},
    {"ek_validate_cert", "\"privateKeyFlags\":[\"EK_VALIDATE_CERT\"]", "privateKeyFlags[0]: "},
    {"ek_validate_key", "\"privateKeyFlags\":[\"EK_VALIDATE_KEY\"]", "privateKeyFlags[0]: "},
    {"private_key_flags_unknown", "\"privateKeyFlags\":[\"X\"]",
	"privateKeyFlags[0]: unknown name"},
    {"approval_false_against_flag",
	"\"approval\":false,\"enrollmentFlags\":[\"PEND_ALL_REQUESTS\"]", "approval: contradicts"},
    {"approval_false", "\"approval\":false", NULL},
    {"approvals", "\"approval\":true,\"approvals\":10", NULL},
    {"approvals_one", "\"approvals\":1", NULL},
    {"approvals_none", "\"approval\":true,\"approvals\":0", "approvals: must be"},
    {"approvals_many", "\"approval\":true,\"approvals\":11", "approvals: must be"},
    {"approvals_without_approval", "\"approvals\":2", "approvals: more than one needs approval"},
    {"approval_type", "\"approval\":\"yes\"", "approval: must be true or false, not a string"},
    {"basic_constraints_type", "\"basicConstraintsForEndEntity\":0",
	"basicConstraintsForEndEntity: must be true or false"},
    {"ra_signatures_none", "\"raSignatures\":0", NULL},
    {"ra_signatures", "\"raSignatures\":1", "raSignatures: signatures of registration authorities"},

    {"key_types_missing", "\"keyTypes\":null", "keyTypes: is missing"},
    {"key_types_empty", "\"keyTypes\":[]", "keyTypes: must have 1 to 8 elements"},
    {"key_types_element", "\"keyTypes\":[\"RSA\"]", "keyTypes[0]: must be an object"},
    {"key_type_missing", "\"keyTypes\":[{}]", "keyTypes[0].type: is missing"},
    {"key_type_unknown", "\"keyTypes\":[{\"type\":\"RSA\"},{\"type\":\"DSA\"}]",
	"keyTypes[1].type: must be one of RSA, EC, Ed25519"},
    {"key_type_twice", "\"keyTypes\":[{\"type\":\"RSA\"},{\"type\":\"RSA\"}]",
	"keyTypes[1]: this type is there twice"},
    {"key_type_member", "\"keyTypes\":[{\"type\":\"RSA\",\"size\":1}]",
	"keyTypes[0].size: unknown member"},
    {"key_size_low", "\"keyTypes\":[{\"type\":\"RSA\",\"minSize\":1024}]",
	"keyTypes[0].minSize: must be between 2048 and 16384"},
    {"key_size_high", "\"keyTypes\":[{\"type\":\"RSA\",\"maxSize\":16385}]",
	"keyTypes[0].maxSize: must be between"},
    {"key_size_order", "\"keyTypes\":[{\"type\":\"RSA\",\"minSize\":4096,\"maxSize\":2048}]",
	"keyTypes[0]: minSize is above"},
    {"key_size_of_ec", "\"keyTypes\":[{\"type\":\"EC\",\"minSize\":2048}]",
	"keyTypes[0]: minSize and maxSize are for RSA"},
    {"curves_of_rsa", "\"keyTypes\":[{\"type\":\"RSA\",\"curves\":[\"P-256\"]}]",
	"keyTypes[0]: curves are for EC"},
    {"curves_unknown", "\"keyTypes\":[{\"type\":\"EC\",\"curves\":[\"P-256\",\"P-192\"]}]",
	"keyTypes[0].curves[1]: must be one of"},
    {"curves_empty", "\"keyTypes\":[{\"type\":\"EC\",\"curves\":[]}]",
	"keyTypes[0].curves: must have 1 to 3 elements"},
    {"curves_type", "\"keyTypes\":[{\"type\":\"EC\",\"curves\":[256]}]",
	"keyTypes[0].curves[0]: must be a string"},
    {"usage_for_no_key", "\"keyTypes\":[{\"type\":\"Ed25519\"}],\"keyUsage\":[\"keyAgreement\"]",
	"keyTypes[0]: no member of keyUsage"},

    {"validity_missing", "\"validity\":null", "validity: is missing"},
    {"validity_unit", "\"validity\":\"365\"", "validity: must be a number and"},
    {"validity_zero", "\"validity\":\"0d\"", "validity: must be a number and"},
    {"validity_negative", "\"validity\":\"-1d\"", "validity: must be a number and"},
    {"validity_too_long", "\"validity\":\"101y\"", "validity: must be a number and"},
    {"validity_overflow", "\"validity\":\"99999999999999999999d\"",
	"validity: must be a number and"},
    {"validity_trailing", "\"validity\":\"1dd\"", "validity: must be a number and"},
    {"validity_type", "\"validity\":365", "validity: must be a string"},
    {"validity_days", "\"validity\":null,\"validityDays\":30", NULL},
    {"validity_days_zero", "\"validity\":null,\"validityDays\":0",
	"validityDays: must be between 1 and"},
    {"validity_twice", "\"validityDays\":30", "validityDays: is given in two ways"},
    {"overlap_shorter", "\"renewalOverlap\":\"364d\"", NULL},
    {"overlap_as_long", "\"renewalOverlap\":\"365d\"", "renewalOverlap: must be shorter"},
    {"overlap_malformed", "\"renewalOverlap\":\"d\"", "renewalOverlap: must be a number"},
    {"overlap_days_too_long", "\"renewalOverlapDays\":366", "renewalOverlap: must be shorter"},
    {"overlap_twice", "\"renewalOverlap\":\"1d\",\"renewalOverlapDays\":1",
	"renewalOverlapDays: is given in two ways"},

    {"key_usage_unknown", "\"keyUsage\":[\"signing\"]", "keyUsage[0]: unknown name"},
    {"key_usage_of_a_ca", "\"keyUsage\":[\"digitalSignature\",\"keyCertSign\"]",
	"keyUsage[1]: keyCertSign is not supported: templates are for end"},
    {"key_usage_of_a_crl", "\"keyUsage\":[\"cRLSign\"]", "keyUsage[0]: cRLSign is not supported"},
    {"key_usage_twice", "\"keyUsage\":[\"nonRepudiation\",\"contentCommitment\"]",
	"keyUsage[1]: is there twice"},
    {"key_usage_critical_type", "\"keyUsageCritical\":\"no\"",
	"keyUsageCritical: must be true or false"},
    {"eku_unknown", "\"extendedKeyUsage\":[\"clientAuth\",\"foo\"]",
	"extendedKeyUsage[1]: must be a known name or a dotted OID"},
    {"eku_twice", "\"extendedKeyUsage\":[\"clientAuth\",\"1.3.6.1.5.5.7.3.2\"]",
	"extendedKeyUsage[1]: is there twice"},
    {"eku_type", "\"extendedKeyUsage\":\"clientAuth\"",
	"extendedKeyUsage: must be an array, not a string"},
    {"app_policies_of_schema_1", "\"schemaVersion\":1,\"applicationPolicies\":[\"clientAuth\"]",
	"applicationPolicies: schemaVersion 1 has none"},
    {"app_policies_unknown", "\"applicationPolicies\":[\"\"]",
	"applicationPolicies[0]: must have 1 to"},
    {"policies_element", "\"certificatePolicies\":[7]",
	"certificatePolicies[0]: must be an object"},
    {"policies_oid", "\"certificatePolicies\":[\"1.2.3\",\"x\"]",
	"certificatePolicies[1]: must be a known name or"},
    {"policies_object_oid", "\"certificatePolicies\":[{\"oid\":\"x\"}]",
	"certificatePolicies[0].oid: must be a known"},
    {"policies_oid_missing", "\"certificatePolicies\":[{}]",
	"certificatePolicies[0].oid: is missing"},
    {"policies_cps", "\"certificatePolicies\":[{\"oid\":\"1.2.3\",\"cps\":\"no uri\"}]",
	"certificatePolicies[0].cps: must be a URI"},
    {"policies_twice", "\"certificatePolicies\":[\"1.2.3\",{\"oid\":\"1.2.3\"}]",
	"certificatePolicies[1]: is there twice"},
    {"critical_unknown", "\"criticalExtensions\":[\"x\"]",
	"criticalExtensions[0]: must be a dotted OID"},
    {"critical_of_the_ca", "\"criticalExtensions\":[\"2.5.29.35\"]",
	"criticalExtensions[0]: must be a dotted OID of an extension that is not the CA's"},

    {"extensions_element", "\"extensions\":[1]", "extensions[0]: must be an object"},
    {"extensions_oid_missing", "\"extensions\":[{\"value\":\"BQA=\"}]",
	"extensions[0].oid: is missing"},
    {"extensions_value_missing", "\"extensions\":[{\"oid\":\"1.2.3\"}]",
	"extensions[0].value: is missing"},
    {"extensions_oid",
	"\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"BQA=\"},{\"oid\":\"1.2.3.4\",\"value\":"
	"\"BQA=\"},{\"oid\":\"a\",\"value\":\"BQA=\"}]",
	"extensions[2].oid: must be an OID"},
    {"extensions_reserved", "\"extensions\":[{\"oid\":\"2.5.29.17\",\"value\":\"BQA=\"}]",
	"extensions[0].oid: must be an OID of an extension that no other"},
    {"extensions_sid", "\"extensions\":[{\"oid\":\"1.3.6.1.4.1.311.25.2\",\"value\":\"BQA=\"}]",
	"extensions[0].oid: "},
    {"extensions_of_the_ca", "\"extensions\":[{\"oid\":\"2.5.29.31\",\"value\":\"BQA=\"}]",
	"extensions[0].oid: "},
    {"extensions_twice",
	"\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"BQA=\"},{\"oid\":\"1.2.3\",\"value\":\"BQA="
	"\"}]",
	"extensions[1]: this OID is there twice"},
    {"extensions_base64", "\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"*\"}]",
	"extensions[0].value: must be base64"},
    {"extensions_empty", "\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"\"}]",
	"extensions[0].value: must be base64"},
    {"extensions_trailing", "\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"BQAA\"}]",
	"extensions[0].value: must be base64 of one DER value"},
    {"extensions_short", "\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"BAUA\"}]",
	"extensions[0].value: must be base64 of one DER value"},
    {"extensions_indefinite", "\"extensions\":[{\"oid\":\"1.2.3\",\"value\":\"MIAAAA==\"}]",
	"extensions[0].value: must be base64 of one DER value"},
    {"extensions_critical_type",
	"\"extensions\":[{\"oid\":\"1.2.3\",\"critical\":1,\"value\":\"BQA=\"}]",
	"extensions[0].critical: must be true or false"},
    {"extensions_member", "\"extensions\":[{\"oid\":\"1.2.3\",\"der\":1,\"value\":\"BQA=\"}]",
	"extensions[0].der: unknown member"},

    {"subject_without_effect", "\"subject\":{\"allow\":[\"CN\"]}", "subject: has no effect"},
    {"subject_type", SUPPLIED "\"subject\":[]", "subject: must be an object, not an array"},
    {"subject_member", SUPPLIED "\"subject\":{\"a\":1}", "subject.a: unknown member"},
    {"subject_allow_unknown", SUPPLIED "\"subject\":{\"allow\":[\"CN\",\"XX\"]}",
	"subject.allow[1]: unknown attribute type \"XX\""},
    {"subject_allow_empty", SUPPLIED "\"subject\":{\"allow\":[]}", "subject.allow: must have 1 to"},
    {"subject_require_unknown", SUPPLIED "\"subject\":{\"require\":[\"\"]}",
	"subject.require[0]: must have 1"},
    {"subject_require_what_is_not_allowed",
	SUPPLIED "\"subject\":{\"allow\":[\"CN\"],\"require\":[\"O\"]}",
	"subject: requires what it does not allow"},
    {"subject_common_name", SUPPLIED "\"subject\":{\"commonName\":\"ip\"}",
	"subject.commonName: must be one of any, dns"},
    {"san_without_effect", "\"san\":{\"types\":[\"dns\"]}", "san: has no effect"},
    {"san_member", SUPPLIED "\"san\":{\"ips\":[]}", "san.ips: unknown member"},
    {"san_types_unknown", SUPPLIED "\"san\":{\"types\":[\"dns\",\"sid\"]}",
	"san.types[1]: must be one of dns"},
    {"san_require_what_is_no_type", SUPPLIED "\"san\":{\"types\":[\"dns\"],\"require\":[\"ip\"]}",
	"san: requires what types"},
    {"san_dns_pattern", SUPPLIED "\"san\":{\"types\":[\"dns\"],\"dns\":[\"a.*.b\"]}",
	"san.dns[0]: must be a DNS name"},
    {"san_dns_pattern_dot", SUPPLIED "\"san\":{\"types\":[\"dns\"],\"dns\":[\".\"]}",
	"san.dns[0]: must be a DNS name"},
    {"san_dns_empty", SUPPLIED "\"san\":{\"types\":[\"dns\"],\"dns\":[]}",
	"san.dns: must have 1 to"},
    {"san_email_pattern", SUPPLIED "\"san\":{\"types\":[\"email\"],\"email\":[\"a@b\"]}",
	"san.email[0]: must be a DNS name"},
    {"san_ip_network",
	SUPPLIED "\"san\":{\"types\":[\"ip\"],\"ip\":[\"10.0.0.0/8\",\"10.0.0.0/33\"]}",
	"san.ip[1]: must be a network"},
    {"san_ip_host_bits", SUPPLIED "\"san\":{\"types\":[\"ip\"],\"ip\":[\"10.0.0.1/8\"]}",
	"san.ip[0]: must be a network"},
    {"san_ip_name", SUPPLIED "\"san\":{\"types\":[\"ip\"],\"ip\":[\"localhost\"]}",
	"san.ip[0]: must be a network"},
    {"san_ip_bits", SUPPLIED "\"san\":{\"types\":[\"ip\"],\"ip\":[\"::/\"]}",
	"san.ip[0]: must be a network"},
    {"san_ip_sign", SUPPLIED "\"san\":{\"types\":[\"ip\"],\"ip\":[\"10.0.0.0/+8\"]}",
	"san.ip[0]: must be a network"},
    {"san_ip_without_effect", "\"san\":{\"ip\":[\"10.0.0.0/8\"]}", "san: has no effect"},
    {"san_other_name_sid", SUPPLIED "\"san\":{\"otherNames\":[\"1.3.6.1.4.1.311.25.2.1\"]}",
	"san.otherNames[0]: must be a dotted OID, not that of a SID"},
    {"san_other_name_upn", SUPPLIED "\"san\":{\"otherNames\":[\"1.3.6.1.4.1.311.20.2.3\"]}",
	"san.otherNames[0]: must be"},
    {"san_wildcards_type", SUPPLIED "\"san\":{\"wildcards\":\"x\"}",
	"san.wildcards: must be true or false"},

    {"ca_locked", "\"caLocked\":\"pending\"", NULL},
    {"ca_locked_unknown", "\"caLocked\":\"deny\"", "caLocked: must be one of unavailable, pending"},
    {"archival_none", "\"archival\":\"none\"", NULL},
    {"archival_optional", "\"archival\":\"optional\"", NULL},
    {"archival_policy", "\"archival\":\"required\",\"recovery_policy\":\"hr\"", NULL},
    {"archival_unknown", "\"archival\":\"Required\"",
	"archival: must be one of none, optional, required"},
    {"archival_type", "\"archival\":true", "archival: must be a string"},
    {"archival_of_a_signature_key",
	"\"archival\":\"optional\",\"keyUsage\":[\"digitalSignature\",\"nonRepudiation\"]",
	"archival: excludes keyUsage nonRepudiation"},
    {"archival_commitment", "\"archival\":\"required\",\"keyUsage\":[\"contentCommitment\"]",
	"archival: excludes keyUsage nonRepudiation"},
    {"recovery_policy_without_effect", "\"recovery_policy\":\"hr\"",
	"recovery_policy: has no effect without archival"},
    {"recovery_policy_of_none", "\"archival\":\"none\",\"recovery_policy\":\"hr\"",
	"recovery_policy: has no effect without archival"},
    {"recovery_policy_empty", "\"archival\":\"optional\",\"recovery_policy\":\"\"",
	"recovery_policy: must have 1 to"},
    {"recovery_policy_control", "\"archival\":\"optional\",\"recovery_policy\":\"a\\n\"",
	"recovery_policy: must not hold"},
    {"sid_unknown", "\"sid\":\"always\"", "sid: must be one of require, if-present, never"},
    {"sid_contradiction", "\"sid\":\"require\",\"enrollmentFlags\":[\"NO_SECURITY_EXTENSION\"]",
	"sid: contradicts"},
    {"netbios_too_long", "\"netbiosDomain\":\"ABCDEFGHIJKLMNOP\"",
	"netbiosDomain: must have 1 to 15"},
    {"netbios_dot", "\"netbiosDomain\":\"A.B\"", "netbiosDomain: must be a NetBIOS name"},
    {"netbios_without_effect", "\"netbiosDomain\":\"AD\"", "netbiosDomain: has no effect"},
    {"groups_missing", "\"enrollGroups\":null", "enrollGroups: is missing"},
    {"groups_empty_text", "\"enrollGroups\":[\"\"]", "enrollGroups[0]: must have 1 to"},
    {"groups_twice", "\"enrollGroups\":[\"a\",\"a\"]", "enrollGroups[1]: is there twice"},
    {"metadata", "\"metadataRequired\":[\"CostCenter\"]", NULL},
    {"metadata_type", "\"metadataRequired\":[{}]", "metadataRequired[0]: must be a string"},
    {"acknowledge_unknown", "\"acknowledge\":[\"ESC99\"],\"acknowledgeReason\":\"because of it\"",
	"acknowledge[0]: unknown rule"},
    {"acknowledge_without_reason", "\"acknowledge\":[\"ESC1\"]", "acknowledgeReason: must say why"},
    {"acknowledge_with_a_short_reason", "\"acknowledge\":[\"ESC1\"],\"acknowledgeReason\":\"yes\"",
	"acknowledgeReason: must have 8 to"},
};

#define CASES (sizeof(load_cases) / sizeof(load_cases[0]))

/* base with members replaced */
static char *
make_text(const char *members)
{
	char text[1024], *out;
	gh_json *t, *over;
	void *it;

	assert_true(snprintf(text, sizeof(text), "{%s}", members) < (int)sizeof(text));
	assert_int_equal(gh_json_parse(base, strlen(base), GH_JSON_STRICT, &t, NULL), 0);
	if (gh_json_parse(text, strlen(text), GH_JSON_STRICT, &over, NULL) != 0)
		fail_msg("test data: %s", text);
	for (it = gh_json_iter(over); it != NULL; it = gh_json_next(over, it))
		assert_int_equal(gh_json_set(t, gh_json_iter_name(it),
				     gh_json_ref(gh_json_iter_value(it))),
		    0);
	gh_json_free(over);
	out = gh_json_print(t, false);
	gh_json_free(t);
	assert_non_null(out);
	return out;
}

/* {"name":null} is a wrong type, not an absent member: take it out for real. */
static char *
without_nulls(char *text)
{
	gh_json *in, *out = gh_json_new_object();
	char *printed;
	void *it;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &in, NULL), 0);
	for (it = gh_json_iter(in); it != NULL; it = gh_json_next(in, it)) {
		if (gh_json_type(gh_json_iter_value(it)) != GH_JSON_NULL)
			assert_int_equal(gh_json_set(out, gh_json_iter_name(it),
					     gh_json_ref(gh_json_iter_value(it))),
			    0);
	}
	printed = gh_json_print(out, false);
	gh_json_free(in);
	gh_json_free(out);
	free(text);
	return printed;
}

static void
run_case(void **state)
{
	const struct load_case *c = *state;
	char *text = without_nulls(make_text(c->members));
	struct gh_error err = {0};
	struct tmpl *t;
	int rc = tmpl_load(text, strlen(text), &t, &err);

	if (c->message == NULL) {
		if (rc != 0)
			fail_msg("refused: %s", err.message);
	} else {
		assert_int_equal(rc, GH_E_TEMPLATE_INVALID);
		assert_int_equal(err.code, GH_E_TEMPLATE_INVALID);
		assert_null(t);
		if (strncmp(err.message, c->message, strlen(c->message)) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", err.message, c->message);
	}
	tmpl_free(t);
	free(text);
}

static void
load__refuses_text_that_is_no_json_object(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "null", "\"T\"", "{}x",
	    "{\"name\":\"a\",\"name\":\"b\"}"};
	struct gh_error err;
	struct tmpl *t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tmpl_load(bad[i], strlen(bad[i]), &t, &err),
		    GH_E_TEMPLATE_INVALID);
		assert_true(err.message[0] != '\0');
		assert_null(t);
	}
}

static void
load__null_is_not_absence(void **state)
{
	char *text = make_text("\"displayName\":null");
	struct gh_error err;
	struct tmpl *t;

	(void)state;
	assert_int_equal(tmpl_load(text, strlen(text), &t, &err), GH_E_TEMPLATE_INVALID);
	assert_string_equal(err.message, "displayName: must be a string, not null");
	free(text);
}

static void
load__refuses_a_file_that_is_too_large(void **state)
{
	size_t n = 256 * 1024 + 1;
	char *text = malloc(n);
	struct gh_error err;
	struct tmpl *t;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, base, strlen(base));
	assert_int_equal(tmpl_load(text, n - 1, &t, &err), 0);
	tmpl_free(t);
	assert_int_equal(tmpl_load(text, n, &t, &err), GH_E_TEMPLATE_INVALID);
	free(text);
}

static void
load__takes_the_shipped_templates(void **state)
{
	struct dirent *d;
	DIR *dir = opendir("conf/templates");
	size_t count = 0;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		struct gh_error err = {0};
		struct tmpl *t;
		char path[512];
		char *text;
		size_t n;

		if (strstr(d->d_name, ".json") == NULL)
			continue;
		snprintf(path, sizeof(path), "conf/templates/%s", d->d_name);
		text = fixture_read(path, &n);
		if (tmpl_load(text, n, &t, &err) != 0)
			fail_msg("%s: %s", path, err.message);
		/* none needs to be excused: the linter passes without an acknowledgement */
		assert_null(strstr(text, "acknowledge"));
		/* the file is named after the template */
		assert_int_equal(strncmp(d->d_name, tmpl_name(t), strlen(tmpl_name(t))), 0);
		assert_string_equal(d->d_name + strlen(tmpl_name(t)), ".json");
		tmpl_free(t);
		free(text);
		count++;
	}
	closedir(dir);
	assert_true(count >= 6);
}

static void
describe__tells_what_a_client_needs(void **state)
{
	char *text =
	    make_text("\"displayName\":\"Tee\",\"approval\":true,\"metadataRequired\":[\"Cost\"],"
		      "\"validity\":\"36h\",\"keyTypes\":[{\"type\":\"EC\",\"curves\":[\"P-384\"]},"
		      "{\"type\":\"RSA\",\"minSize\":3072}]");
	struct tmpl *t;
	gh_json *d;
	char *out;

	(void)state;
	assert_int_equal(tmpl_load(text, strlen(text), &t, NULL), 0);
	assert_non_null(d = tmpl_describe(t));
	assert_non_null(out = gh_json_print(d, false));
	assert_string_equal(out,
	    "{\"TemplateName\":\"T\",\"DisplayName\":\"Tee\",\"Description\":"
	    "\"\",\"Oid\":\"1.2.3.4\","
	    "\"MajorVersion\":0,\"MinorVersion\":0,\"KeyType\":\"EC\","
	    "\"KeySize\":384,\"KeyTypes\":[{\"KeyType\":\"EC\","
	    "\"KeySize\":384,\"Curves\":[\"P-384\"]},{\"KeyType\":\"RSA\","
	    "\"KeySize\":3072,\"MaxKeySize\":16384}],"
	    "\"ValidityPeriod\":2,\"RenewalOverlap\":0,\"ExtendedKeyUsage\":["
	    "\"1.3.6.1.5.5.7.3.2\"],"
	    "\"SubjectFrom\":\"directory\",\"RequiresApproval\":true,"
	    "\"RequiredMetadata\":[\"Cost\"]}");
	assert_true(tmpl_needs_approval(t));
	assert_string_equal(tmpl_display_name(t), "Tee");
	assert_int_equal(gh_json_size(tmpl_required_metadata(t)), 1);
	free(out);
	gh_json_free(d);
	tmpl_free(t);
	free(text);
}

/* The form of a template with these members, as text; malloc'd. */
static char *
form_of(const char *members, const char *part)
{
	char *text = make_text(members), *out;
	struct gh_error err;
	struct tmpl *t;
	gh_json *d;

	if (tmpl_load(text, strlen(text), &t, &err) != 0)
		fail_msg("%s", err.message);
	assert_non_null(d = tmpl_describe_form(t));
	assert_non_null(out = gh_json_print(gh_json_get(d, part), false));
	gh_json_free(d);
	tmpl_free(t);
	free(text);
	return out;
}

static void
form__says_where_each_part_comes_from(void **state)
{
	static const struct {
		const char *members, *part, *form;
	} row[] = {
	    {"\"archival\":\"optional\"", "archival", "\"optional\""},
	    {"\"archival\":\"optional\"", "recovery_policy", "null"},
	    {"\"archival\":\"required\",\"recovery_policy\":\"hr\"", "archival", "\"required\""},
	    {"\"archival\":\"required\",\"recovery_policy\":\"hr\"", "recovery_policy", "\"hr\""},
	    {"\"keyTypes\":[{\"type\":\"EC\",\"curves\":[\"P-384\"]},{\"type\":\"RSA\",\"minSize\":3072},"
	     "{\"type\":\"Ed25519\"}]",
		"keys",
		"[{\"type\":\"EC\",\"curves\":[\"P-384\"]},"
		"{\"type\":\"RSA\",\"min_bits\":3072,\"max_bits\":16384},{\"type\":\"Ed25519\"}]"},
	    {"\"nameFlags\":[\"SUBJECT_REQUIRE_COMMON_NAME\",\"SUBJECT_ALT_REQUIRE_UPN\","
	     "\"SUBJECT_ALT_REQUIRE_SPN\"]",
		"subject",
		"{\"from\":\"directory\",\"parts\":[{\"name\":\"CN\",\"attribute\":\"cn\"}]}"},
	    /* one name, though two flags ask for it */
	    {"\"nameFlags\":[\"SUBJECT_REQUIRE_COMMON_NAME\",\"SUBJECT_ALT_REQUIRE_UPN\","
	     "\"SUBJECT_ALT_REQUIRE_SPN\"]",
		"san",
		"{\"from\":\"directory\",\"parts\":[{\"name\":\"upn\",\"attribute\":\"userPrincipalName\"}]}"},
	    {"\"machine\":true,\"nameFlags\":[\"SUBJECT_REQUIRE_DNS_AS_CN\",\"SUBJECT_ALT_REQUIRE_DNS\"]",
		"subject",
		"{\"from\":\"directory\",\"parts\":[{\"name\":\"CN\",\"attribute\":\"dNSHostName\"}]}"},
	    {"\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"
	     "\"subject\":{\"allow\":[\"CN\",\"O\"],\"require\":[\"CN\"],\"commonName\":\"dns\"}",
		"subject",
		"{\"from\":\"request\",\"allowed\":[\"CN\",\"O\"],\"required\":[\"CN\"],\"common_name\":\"dns\"}"},
	    {"\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"
	     "\"san\":{\"types\":[\"dns\",\"ip\"],\"require\":[\"dns\"],\"dns\":[\".example.test\"]}",
		"san",
		"{\"from\":\"request\",\"types\":[\"dns\",\"ip\"],\"required\":[\"dns\"],\"wildcards\":false,"
		"\"dns\":[\".example.test\"]}"},
	    {"\"validity\":\"36h\",\"keyUsage\":[\"digitalSignature\",\"nonRepudiation\"],\"sid\":\"require\"",
		"certificate",
		"{\"validity_seconds\":129600,\"renewal_seconds\":0,"
		"\"key_usage\":[\"digitalSignature\",\"nonRepudiation\"],"
		"\"extended_key_usage\":[\"1.3.6.1.5.5.7.3.2\"],\"policies\":[],\"sid\":\"require\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *form = form_of(row[i].members, row[i].part);

		assert_string_equal(form, row[i].form);
		free(form);
	}
}

static void
permission__groups_of_the_profile_must_match_too(void **state)
{
	char *const app[] = {"app-users", NULL}, *const other[] = {"other", NULL},
		    *const none[] = {NULL};
	char *const all[] = {"*", NULL};
	struct dir_entry *e = dir_entry_new();
	struct subject_source from = {.entry = e};
	struct gh_error err;
	struct tmpl *t;

	(void)state;
	assert_int_equal(dir_entry_add_group(e, "", "app-users", ""), 0);
	assert_int_equal(tmpl_load(base, strlen(base), &t, NULL), 0);
	assert_int_equal(tmpl_may_enroll(t, &from, NULL, &err), 0);
	assert_int_equal(tmpl_may_enroll(t, &from, app, &err), 0);
	assert_int_equal(tmpl_may_enroll(t, &from, all, &err), 0);
	assert_int_equal(tmpl_may_enroll(t, &from, other, &err), GH_E_TEMPLATE_DENIED);
	assert_int_equal(tmpl_may_enroll(t, &from, none, &err), GH_E_TEMPLATE_DENIED);
	from.entry = NULL;
	assert_int_equal(tmpl_may_enroll(t, &from, NULL, &err), GH_E_TEMPLATE_DENIED);
	tmpl_free(t);
	dir_entry_free(e);
}

static void
assert_documented(const char *docs, const char *name)
{
	const char *p;
	size_t n = strlen(name);

	for (p = strstr(docs, name); p != NULL; p = strstr(p + 1, name)) {
		if (strchr(" ,|(\n", p[-1]) != NULL && strchr(" ,|()\n.;", p[n]) != NULL)
			return;
	}
	fail_msg("docs/templates.md does not have %s", name);
}

static void
docs__name_every_member_and_flag(void **state)
{
	size_t n, i;
	char *docs = fixture_read("docs/templates.md", &n);

	(void)state;
	for (i = 0; tmpl_load_member(i) != NULL; i++)
		assert_documented(docs, tmpl_load_member(i));
	assert_true(i > 30);
	for (i = 0; tmpl_name_flag[i].name != NULL; i++)
		assert_documented(docs, tmpl_name_flag[i].name);
	for (i = 0; tmpl_enrollment_flag[i].name != NULL; i++)
		assert_documented(docs, tmpl_enrollment_flag[i].name);
	for (i = 0; tmpl_private_key_flag[i].name != NULL; i++)
		assert_documented(docs, tmpl_private_key_flag[i].name);
	for (i = 0; tmpl_key_usage_name[i].name != NULL; i++) {
		if (tmpl_key_usage_name[i].why == NULL)
			assert_documented(docs, tmpl_key_usage_name[i].name);
	}
	for (i = 0; i < 32 && strcmp(tmpl_rdn_name((int)i), "?") != 0; i++)
		assert_documented(docs, tmpl_rdn_name((int)i));
	free(docs);
}

static void
free__accepts_null(void **state)
{
	(void)state;
	tmpl_free(NULL);
}

int
main(void)
{
	static struct CMUnitTest tests[CASES];
	const struct CMUnitTest others[] = {
	    cmocka_unit_test(load__refuses_text_that_is_no_json_object),
	    cmocka_unit_test(load__null_is_not_absence),
	    cmocka_unit_test(load__refuses_a_file_that_is_too_large),
	    cmocka_unit_test(load__takes_the_shipped_templates),
	    cmocka_unit_test(describe__tells_what_a_client_needs),
	    cmocka_unit_test(form__says_where_each_part_comes_from),
	    cmocka_unit_test(permission__groups_of_the_profile_must_match_too),
	    cmocka_unit_test(docs__name_every_member_and_flag),
	    cmocka_unit_test(free__accepts_null),
	};
	size_t i;
	int failed;

	for (i = 0; i < CASES; i++) {
		tests[i].name = load_cases[i].name;
		tests[i].test_func = run_case;
		tests[i].initial_state = (void *)(uintptr_t)&load_cases[i];
	}
	failed = _cmocka_run_group_tests("load", tests, CASES, NULL, NULL);
	return failed + cmocka_run_group_tests(others, NULL, NULL);
}
