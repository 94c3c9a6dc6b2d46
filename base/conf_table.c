/* The option table: every option with its type, default, range and meaning. */
#include "conf_private.h"

#define AT(s, n) #s, #n
#define STR(s, n, fallback, meaning) \
	{ \
		AT(s, n), CONF_STRING, offsetof(struct gh_conf, s.n), fallback, 0, 0, NULL, \
		    meaning \
	}
#define ONE_OF(s, n, fallback, choices, meaning) \
	{ \
		AT(s, n), CONF_STRING, offsetof(struct gh_conf, s.n), fallback, 0, 0, choices, \
		    meaning \
	}
#define INT(s, n, fallback, min, max, meaning) \
	{ \
		AT(s, n), CONF_INT, offsetof(struct gh_conf, s.n), fallback, min, max, NULL, \
		    meaning \
	}
#define BOOL(s, n, fallback, meaning) \
	{ \
		AT(s, n), CONF_BOOL, offsetof(struct gh_conf, s.n), fallback, 0, 0, NULL, meaning \
	}

const struct conf_option conf_table[] = {
    STR(gateway, listen, "127.0.0.1", "numeric address to listen on"),
    INT(gateway, port, "8443", 1, 65535, "TCP port of HTTPS"),
    STR(gateway, http_listen, "127.0.0.1", "numeric address of plain HTTP"),
    INT(gateway, http_port, "0", 0, 65535,
	"TCP port of plain HTTP: CRLs, OCSP, CA certificates, health; 0 = none"),
    INT(gateway, workers, "0", 0, 255, "worker processes; 0 = one for each core, at most 8"),
    INT(gateway, threads, "4", 1, 64, "pool threads of each worker"),
    INT(gateway, queue, "512", 1, 65536, "requests waiting for a thread, per worker; more get 503"),
    INT(gateway, queue_timeout, "30", 1, 600,
	"seconds after which a request that still waits is not begun any more, but gets 503"),
    INT(gateway, max_connections, "2048", 16, 65536,
	"connections of each worker to the HTTPS port"),
    INT(gateway, http_max_connections, "1024", 16, 65536,
	"connections of each worker to the plain HTTP port"),
    INT(gateway, max_per_address, "512", 0, 65536,
	"connections of each worker from one client address, or IPv6 /64; 0 = no limit"),
    STR(gateway, proxies, "",
	"addresses and networks, blank-separated, whose connections begin with a PROXY header, version 2"),
    INT(gateway, body_memory, "64", 32, 65536,
	"MB of request bodies that each worker holds; more get 503"),
    INT(gateway, body_max, "262144", 16384, 16777216, "largest request body in bytes"),
    INT(gateway, request_timeout, "15", 1, 600, "seconds a client may take to send its request"),
    STR(gateway, certificate, NULL, "PEM file: server certificate and its issuers"),
    STR(gateway, key, NULL, "PEM file: key of the server certificate"),
    STR(gateway, client_ca, "",
	"PEM file: CAs whose client certificates are accepted; empty = none"),
    ONE_OF(gateway, client_name, "upn", "upn mail",
	"name in a client certificate that finds its user in the directory"),
    ONE_OF(gateway, client_mapping, "strong", "strong name",
	"client certificates of other CAs without SID: strong = refused, name = the name is enough, without roles"),
    STR(gateway, origins, "",
	"https://HOST[:PORT], blank-separated: by which clients reach the gateway; empty = any"),
    STR(gateway, run_dir, "/run/gatehouse",
	"folder for process files and the generated Kore configuration"),
    STR(gateway, secret_file, "/etc/gatehouse/gateway.secret",
	"64 hex digits, the same on all nodes: seals application secrets and signs tokens"),
    STR(gateway, user, "", "user that runs Kore; empty = as started"),
    ONE_OF(gateway, log_level, "info", "error warn info debug",
	"least important level that is logged"),
    STR(gateway, module, "/usr/lib/gatehouse/gatehouse.so", "the gateway's Kore module"),
    BOOL(gateway, metrics_public, "false", "answer /metrics to other than loopback addresses"),

    STR(database, conninfo, NULL, "libpq connection string"),
    INT(database, timeout_ms, "5000", 100, 60000,
	"bound of connecting and of each statement, milliseconds"),
    INT(database, clock_skew, "30", 1, 86400,
	"seconds that this node's clock may be away from the database's; beyond, it issues nothing"),

    STR(signer, socket, "/run/gatehouse-signer/signer.sock", "unix socket of the signer"),
    STR(signer, key_file, "/etc/gatehouse/signer.key",
	"64 hex digits, the same on all nodes: seals the CA keys; readable by the signer only"),
    STR(signer, user, "", "user that runs the signer; empty = as started"),
    INT(signer, timeout_ms, "5000", 100, 60000,
	"bound of each question to the signer, milliseconds"),
    INT(signer, max_connections, "256", 1, 4096, "connections the signer accepts"),
    STR(signer, program, "/usr/sbin/gatehouse-signer", "the signer program"),
    STR(signer, pkcs11_module, "", "PKCS#11 module of the token that holds CA keys; empty = none"),
    STR(signer, pkcs11_pin_file, "",
	"file with the token's PIN in its first line; readable by the signer only; empty = no PIN"),
    BOOL(signer, first_password_by_api, "false",
	"the gateway's API may put an unprotected CA key under a password; else only `gatehouse ca password`"),

    ONE_OF(directory, type, NULL, "ad openldap",
	"kind of directory: its attribute names and group rules"),
    STR(directory, uris, NULL, "blank-separated LDAP URIs, tried in order"),
    BOOL(directory, starttls, "false",
	"StartTLS on ldap:// URIs; without it only ldaps:// and ldapi://"),
    STR(directory, ca_file, "", "PEM file: CAs trusted for the directory's TLS"),
    STR(directory, bind_dn, "", "service account; empty = anonymous"),
    STR(directory, password_file, "", "file with the service account's password in its first line"),
    STR(directory, base, NULL, "DN under which users and computers are found"),
    STR(directory, user_filter, "",
	"%s = name without domain, %u = name as given; empty = by type"),
    STR(directory, computer_filter, "", "the same for computers; empty = by type"),
    STR(directory, group_base, "", "DN under which groups are found; empty = base"),
    STR(directory, netbios_domain, "",
	"domain accepted in DOMAIN\\name; empty = that form is refused"),
    STR(directory, realm, "", "realm accepted in name@realm when no attribute holds that name"),
    INT(directory, connect_ms, "3000", 100, 60000, "deadline of connecting with TLS, milliseconds"),
    INT(directory, operation_ms, "5000", 100, 60000, "deadline of each operation, milliseconds"),
    INT(directory, cache_seconds, "60", 0, 60, "how long attributes and groups are remembered"),
    INT(directory, bind_cache_seconds, "60", 0, 60, "how long a successful login is remembered"),
    INT(directory, group_depth, "10", 1, 64, "levels of nested groups that are followed"),
    STR(directory, attr_cn, "", "attribute with the common name; empty = by type"),
    STR(directory, attr_mail, "", "attribute with the e-mail address; empty = by type"),
    STR(directory, attr_upn, "", "attribute with the user principal name; empty = by type"),
    STR(directory, attr_dns, "", "attribute with the DNS host name; empty = by type"),
    STR(directory, attr_sam, "", "attribute with the account name; empty = by type"),
    STR(directory, attr_guid, "", "attribute with the object GUID; empty = by type"),
    STR(directory, attr_sid, "", "attribute with the object SID; empty = by type"),

    STR(certenroll, prefixes, "",
	"further blank-separated path prefixes; /CMSApi and none always work"),
    INT(certenroll, timestamp_window, "300", 10, 86400,
	"seconds that a Timestamp may lie from our time"),
    INT(certenroll, replay_window, "600", 20, 604800, "seconds that recorded answers are repeated"),
    BOOL(certenroll, tokens, "true", "tokens, and with them versions 1 and 2"),
    INT(certenroll, token_seconds, "300", 10, 86400, "life of a token"),
    INT(certenroll, denied_status, "403", 200, 403, "HTTP status of a denial: 403 or 200"),

    INT(ca, backdate, "600", 0, 86400, "seconds that notBefore lies before the time of issue"),
    INT(ca, password_attempts, "3", 1, 100, "wrong passwords of a CA key before it is locked out"),
    INT(ca, password_lock_seconds, "300", 1, 86400,
	"seconds of the first lockout; each further one is twice as long, up to a day"),
    INT(ca, unlock_seconds, "900", 1, 2592000,
	"longest time in seconds that a CA key stays unlocked"),

    INT(crl, interval, "43200", 60, 31536000, "seconds from one complete CRL to the next"),
    INT(crl, grace, "43200", 60, 31536000,
	"seconds that a CRL is valid beyond the time of the next one"),
    INT(crl, delta_interval, "0", 0, 31536000,
	"seconds from one delta CRL to the next; 0 = no delta CRLs"),
    BOOL(crl, on_revoke, "true",
	"make a CRL soon after a revocation: a delta where there are deltas"),
    INT(crl, min_interval, "300", 1, 86400,
	"seconds between CRLs that are made because of revocations"),
    STR(crl, ldap_dn, "",
	"entry of the directory to publish CRLs in, %s = name of the CA in URLs; empty = none"),

    INT(ocsp, lifetime, "43200", 60, 1209600,
	"seconds from thisUpdate to nextUpdate of an OCSP answer"),
    INT(ocsp, max_age, "300", 0, 1209600,
	"seconds that HTTP caches may keep an OCSP answer; at most to nextUpdate"),
    INT(ocsp, signer_days, "14", 1, 90, "days that the certificate of an OCSP signer is valid"),
    ONE_OF(ocsp, unknown, "unknown", "unknown unauthorized",
	"answer about a serial number that was never issued"),
    INT(ocsp, archive_cutoff, "0", 0, 36500,
	"days after its end that a certificate's status is known, in answers; 0 = say nothing"),
    INT(ocsp, cache_mb, "64", 1, 65536, "megabytes of ready OCSP answers in each worker"),
    INT(ocsp, presign_hits, "10", 0, 1000000000,
	"an answer that was asked so often is renewed before it ends; 0 = none"),

    STR(roles, admin_groups, "", "directory groups of administrators, separated by semicolons"),
    STR(roles, officer_groups, "", "directory groups of officers: approve, deny, revoke"),
    STR(roles, auditor_groups, "", "directory groups of auditors: read the audit trail"),

    INT(jobs, crl, "30", 0, 604800,
	"seconds between looks at which CRLs are due; 0 = only on demand"),
    INT(jobs, ocsp_signer, "600", 0, 604800,
	"seconds between looks at the OCSP signers; 0 = only on demand"),
    INT(jobs, server_certificate, "3600", 0, 604800,
	"seconds between looks at the server certificate of each node; 0 = only on demand"),
    INT(jobs, expiry_notices, "3600", 0, 604800,
	"seconds between searches for certificates that end soon; 0 = only on demand"),
    STR(jobs, expiry_days, "30 14 7 1",
	"days before its end at which a certificate gets a notice; empty = none"),
    INT(jobs, audit_seal, "60", 0, 604800,
	"seconds between seals of the audit trail; 0 = only on demand"),
    INT(jobs, retention, "86400", 0, 604800,
	"seconds between removals by retention_days; 0 = only on demand"),
    INT(jobs, retention_days, "0", 0, 36500,
	"days after its end that a certificate is kept; 0 = for ever"),

    ONE_OF(revocation, owner, "own", "own none",
	"own: who asked for a certificate may revoke it; none: officers only"),
    BOOL(revocation, require_if_match, "false",
	"refuse a change of status over REST without If-Match"),

    INT(limits, failures, "10", 1, 10000,
	"failed logins of a user from an address before they are refused ..."),
    INT(limits, window, "300", 1, 86400, "... within so many seconds"),
};

const size_t conf_table_len = sizeof(conf_table) / sizeof(conf_table[0]);
