/* What the pages of the CSR form show. */
#ifndef PAGE_CSR_DATA_H
#define PAGE_CSR_DATA_H

#include "csr/csr_submit.h"

/*
 * Of "csr_upload": values (what was typed, without secrets, and the certificate request only when
 * it is one), options of its lists, metadata, and the errors of s, which are taken. s: entered.
 * NULL: out of memory.
 */
gh_json *page_csr_form(const struct worker_env *env, struct csr_submission *s);

/*
 * Of "csr_confirm": {"csr": of csr_facts, "preview" (taken over): of enroll_preview, "hidden":
 * [{name, value}], "rule", "form_token"}. s: prepared. NULL: out of memory.
 */
gh_json *page_csr_confirm(const struct csr_submission *s, gh_json *preview);

#endif
