/* What keys are derived from the server secret for, by gh_derive_key. */
#ifndef ENROLL_SEAL_H
#define ENROLL_SEAL_H

#define SEAL_LABEL_APP_SECRET "gatehouse application secret v1"
#define SEAL_LABEL_KEY_INDEX "gatehouse application key index v1"
#define SEAL_LABEL_TOKEN "gatehouse certenroll token v1"

#endif
