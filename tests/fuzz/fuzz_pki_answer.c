/* PKIResponse of a server, as the client reads it: statuses with words and a token, or nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmc/pki_answer.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gh_der der = {data, size};
	struct pki_answer answer;
	struct gh_error err = {0};
	int rc = pki_answer_read(&der, &answer, &err);

	if (rc != 0) {
		if (rc != GH_E_BAD_REQUEST || err.code != rc || answer.statuses != 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < answer.statuses; i++) {
		const struct cmc_status *s = &answer.status[i];

		if (s->bodies > CMC_STATUS_BODIES_MAX || s->token_len > CMC_STATUS_TOKEN_MAX ||
		    memchr(s->text, '\0', sizeof(s->text)) == NULL || !gh_utf8_is_clean(s->text) ||
		    *cmc_state_name(s->state) == '\0' || *cmc_fail_name(s->fail) == '\0' ||
		    *cmc_fail_text(s->fail) == '\0')
			abort();
	}
	return 0;
}
