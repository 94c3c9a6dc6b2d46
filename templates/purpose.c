/*
 * What relying parties use a certificate for, by its EKU and application policies. An OID that is
 * not in the table may be for anything that goes by a name.
 */
#include <string.h>

#include "model.h"

/* szOID_ANY_APPLICATION_POLICY: any purpose, as an application policy (MS-WCCE) */
#define OID_ANY_POLICY "1.3.6.1.4.1.311.10.12.1"

static const struct {
	const char *oid;
	uint32_t purpose;
} known[] = {
    {TMPL_OID_ANY_EKU, TMPL_FOR_ALL}, {OID_ANY_POLICY, TMPL_FOR_ALL},
    {TMPL_OID_SERVER_AUTH, TMPL_FOR_SERVER}, {"1.3.6.1.5.5.7.3.2", TMPL_FOR_LOGON}, /* clientAuth */
    {"1.3.6.1.5.5.7.3.3", TMPL_FOR_SIGNING},                  /* codeSigning */
    {"1.3.6.1.5.5.7.3.4", TMPL_FOR_MAIL},                     /* emailProtection */
    {"1.3.6.1.5.5.7.3.5", TMPL_FOR_LOGON | TMPL_FOR_SERVER},  /* ipsecEndSystem */
    {"1.3.6.1.5.5.7.3.6", TMPL_FOR_LOGON | TMPL_FOR_SERVER},  /* ipsecTunnel */
    {"1.3.6.1.5.5.7.3.7", TMPL_FOR_LOGON | TMPL_FOR_SERVER},  /* ipsecUser */
    {"1.3.6.1.5.5.7.3.8", TMPL_FOR_ROLE},                     /* timeStamping */
    {"1.3.6.1.5.5.7.3.9", TMPL_FOR_ROLE},                     /* ocspSigning */
    {"1.3.6.1.5.5.7.3.13", TMPL_FOR_LOGON | TMPL_FOR_SERVER}, /* eapOverPPP */
    {"1.3.6.1.5.5.7.3.14", TMPL_FOR_LOGON | TMPL_FOR_SERVER}, /* eapOverLAN */
    {"1.3.6.1.5.5.7.3.17", TMPL_FOR_LOGON | TMPL_FOR_SERVER}, /* ipsecIKE */
    {"1.3.6.1.5.5.8.2.2", TMPL_FOR_LOGON | TMPL_FOR_SERVER},  /* iKEIntermediate */
    {"1.3.6.1.5.5.7.3.21", TMPL_FOR_LOGON},                   /* secureShellClient */
    {"1.3.6.1.5.5.7.3.22", TMPL_FOR_SERVER},                  /* secureShellServer */
    {"1.3.6.1.5.5.7.3.27", TMPL_FOR_ROLE},                    /* cmcCA (RFC 6402, 2.10) */
    {"1.3.6.1.5.5.7.3.28", TMPL_FOR_ROLE},                    /* cmcRA */
    {"1.3.6.1.5.5.7.3.29", TMPL_FOR_ROLE},                    /* cmcArchive */
    {"1.3.6.1.5.5.7.3.36", TMPL_FOR_SIGNING},                 /* documentSigning */
    {"1.3.6.1.5.2.3.4", TMPL_FOR_LOGON},                      /* pkinitClient */
    {"1.3.6.1.5.2.3.5", TMPL_FOR_SERVER | TMPL_FOR_ROLE},     /* pkinitKdc */
    {"1.3.6.1.4.1.311.20.2.2", TMPL_FOR_LOGON},               /* smartcardLogon */
    {"1.3.6.1.4.1.311.20.2.1", 0},                            /* enrollmentAgent: ESC3 */
    {"1.3.6.1.4.1.311.21.5", TMPL_FOR_ROLE},                  /* CA exchange: key archival */
    {"1.3.6.1.4.1.311.21.6", TMPL_FOR_ROLE},                  /* keyRecoveryAgent */
    {"1.3.6.1.4.1.311.21.19", TMPL_FOR_ROLE},                 /* directoryEmailReplication */
    {"1.3.6.1.4.1.311.10.3.1", TMPL_FOR_ROLE},                /* signs trust lists */
    {"1.3.6.1.4.1.311.10.3.2", TMPL_FOR_ROLE},                /* signs time stamps */
    {"1.3.6.1.4.1.311.10.3.4.1", TMPL_FOR_ROLE},              /* file recovery agent of EFS */
    {"1.3.6.1.4.1.311.10.3.10", TMPL_FOR_ROLE},               /* qualified subordination */
    {"1.3.6.1.4.1.311.10.3.12", TMPL_FOR_SIGNING},            /* Microsoft document signing */
    /* "server gated cryptography", Microsoft and Netscape: OpenSSL takes them as serverAuth */
    {"1.3.6.1.4.1.311.10.3.3", TMPL_FOR_SERVER}, {"2.16.840.1.113730.4.1", TMPL_FOR_SERVER},
    {"2.16.840.1.101.3.6.8", TMPL_FOR_LOGON}, /* PIV card authentication (FIPS 201) */
};

static uint32_t
purposes_of(const struct tmpl_list *oids)
{
	uint32_t all = 0;
	size_t i, k;

	for (i = 0; i < oids->n; i++) {
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			if (strcmp(known[k].oid, oids->v[i]) == 0)
				break;
		}
		all |= k < sizeof(known) / sizeof(known[0]) ? known[k].purpose : TMPL_FOR_OTHER;
	}
	return all;
}

uint32_t
tmpl_purposes(const struct tmpl *t)
{
	/* no EKU at all: good for everything (RFC 5280, 4.2.1.12) */
	return t->eku.n == 0 ? TMPL_FOR_ALL : purposes_of(&t->eku) | purposes_of(&t->app_policies);
}

bool
tmpl_has_role(const struct tmpl_list *oids)
{
	return !tmpl_is_any_purpose(oids) && (purposes_of(oids) & TMPL_FOR_ROLE) != 0;
}

bool
tmpl_is_any_purpose(const struct tmpl_list *oids)
{
	return tmpl_list_has(oids, TMPL_OID_ANY_EKU) || tmpl_list_has(oids, OID_ANY_POLICY);
}
