/* Stand-ins for the OCSP part of store and signer. Certificates have the serial numbers 0 to
 * FAKE_SERIALS - 1. */
#ifndef TEST_ENROLL_FAKE_OCSP_H
#define TEST_ENROLL_FAKE_OCSP_H

#include "store/status/delegated_signer.h"
#include "store/status/ocsp_row.h"

#define FAKE_SERIALS 8

struct fake_ocsp {
	struct ocsp_status status[FAKE_SERIALS];
	int64_t signer_until; /* notAfter of the signer in the database; 0 = none */
	int fail_store, fail_issue, fail_signer;
	unsigned char refused; /* the signer refuses what names this serial number; 0 = none */
	bool loaded;           /* the signer process knows the key */
	int questions, looks, issues, signatures;
	void (*during_question)(void); /* after the status was read */
};
extern struct fake_ocsp fake_ocsp;

#endif
