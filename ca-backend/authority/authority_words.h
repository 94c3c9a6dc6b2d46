/* What a door calls the settings of a CA, for messages: "--base-url" is the command's word. */
#ifndef AUTHORITY_WORDS_H
#define AUTHORITY_WORDS_H

struct authority_words {
	const char *max_validity, *key, *eku, *extension, *group;
	const char *base_url, *no_urls, *shards, *cdp_url, *aia_url, *ocsp_url;
	const char *permitted, *excluded; /* before the form: "dns", "email", "ip", "dn" */
	const char *subject, *key_alg, *key_uri, *cert;
	const char *years, *days, *path_len, *new_key, *approval;
};

#endif
