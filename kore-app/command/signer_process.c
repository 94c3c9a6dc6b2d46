/* See signer_process.h. */
#include <stdint.h>

#include "signer_process.h"

struct signer_process
signer_process_of(const struct gh_conf *conf, enum signer_process_kind kind)
{
	bool is_kra = kind == SIGNER_PROCESS_KRA;

	return (struct signer_process){
	    .kind = kind,
	    .section = is_kra ? "kra" : "signer",
	    .name = is_kra ? "the KRA" : "the signer",
	    .program = conf->signer.program,
	    .conf = is_kra ? &conf->kra : &conf->signer,
	};
}

bool
signer_process_is_wanted(const struct gh_conf *conf, enum signer_process_kind kind)
{
	return kind == SIGNER_PROCESS_CA || conf->kra.socket[0] != '\0';
}

static char **
put(char **argv, const char *option, char *value)
{
	*argv++ = (char *)(uintptr_t)option;
	*argv++ = value;
	return argv;
}

void
signer_process_args(const struct signer_process *p, char **argv)
{
	const struct gh_conf_signer *c = p->conf;

	if (p->kind == SIGNER_PROCESS_KRA)
		argv = put(argv, "--role", (char *)(uintptr_t) "kra");
	argv = put(argv, "--key-file", c->key_file);
	if (c->pkcs11_module[0] != '\0') {
		argv = put(argv, "--pkcs11-module", c->pkcs11_module);
		if (c->pkcs11_pin_file[0] != '\0')
			argv = put(argv, "--pkcs11-pin-file", c->pkcs11_pin_file);
	}
	*argv = NULL;
}
