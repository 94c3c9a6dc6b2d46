# Gatehouse. `make help` lists the targets.
#
# Each folder becomes one static library, compiled with the include paths of the folders below it and
# no others: an upward call does not build.

.DEFAULT_GOAL := all
BUILD     ?= build
ifeq ($(origin CC),default)
CC        := gcc
endif
# V=1 shows the commands.
Q         := $(if $(V),,@)
OPT       ?= -O2 -g
WARN      := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
             -Wvla -Wformat=2 -Wno-format-nonliteral
HARDEN    := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIC
SANITIZE  ?=
VERSION   := 0.1.0
CFLAGS    += -std=c11 -D_GNU_SOURCE -DGATEHOUSE_VERSION='"$(VERSION)"' -DOPENSSL_API_COMPAT=30000 \
             $(OPT) $(WARN) $(HARDEN) $(SANITIZE) -pthread -MMD -MP
LDFLAGS   += $(SANITIZE) -pthread -Wl,-z,relro,-z,now
# Test programs are many, and all are linked anew when a library changes: gold takes half the time for that, where there is one. It
# does not like what clang's sanitizers export.
TEST_LINKER := $(if $(SANITIZE),,$(if $(shell command -v ld.gold),-fuse-ld=gold))

# Folders from the lowest to the highest; a folder finds its own headers first.
INC_base       := -iquote base
INC_ca-backend := -iquote ca-backend $(INC_base)
INC_ldap       := -iquote ldap $(INC_base)
INC_templates  := -iquote templates -iquote ldap $(INC_ca-backend)
INC_enroll     := -iquote enroll $(INC_templates)
INC_kore-app   := -iquote kore-app $(INC_enroll)
INC_kore-app/command := -iquote kore-app/command $(INC_kore-app)

LIBS_base      := -ljansson -lconfuse -lcrypto
LIBS_all       := -lldap -llber -lpq -lcurl -lidn2 -lpcre2-8 -lssl -lcrypt $(LIBS_base)

SRC_base       := $(wildcard base/*.c)
SRC_store      := $(wildcard ca-backend/store/*.c ca-backend/store/*/*.c)
SRC_ca-backend := $(wildcard $(foreach d,audit authority crl formats issuing kra ocsp package signer/client signer/protocol signer/wrap,ca-backend/$(d)/*.c)) $(SRC_store)
MIGRATIONS     := $(sort $(wildcard ca-backend/store/migrations/*.sql))
GEN_MIGRATIONS := $(BUILD)/gen/migrations.c
SRC_signer     := $(wildcard $(foreach d,ca issue keys kra server,ca-backend/signer/$(d)/*.c))
SRC_ldap       := $(wildcard ldap/*.c)
SRC_templates  := $(wildcard templates/*.c)
SRC_enroll     := $(wildcard enroll/*.c enroll/*/*.c)
# kore-app/kore/ includes kore.h and goes only into gatehouse.so; the rest of kore-app knows no Kore.
SRC_kore       := $(wildcard kore-app/kore/*.c)
SRC_kore-app   := $(wildcard $(foreach d,auth console exchange health http metrics pages routes watch,kore-app/$(d)/*.c))
# The command: all but main.c is a library, so that tests can link it.
SRC_kore-app/command := $(filter-out kore-app/command/main.c,$(wildcard kore-app/command/*.c kore-app/command/*/*.c))

FOLDERS := base ca-backend ldap templates enroll kore-app kore-app/command
LIB      = $(BUILD)/lib$(1).a
LIBS    := $(foreach f,kore-app enroll templates ldap ca-backend base,$(call LIB,$(f)))
obj      = $(patsubst %.c,$(BUILD)/%.o,$(1))

PQ_CFLAGS   = -I$(shell pg_config --includedir)
KORE_CFLAGS = -I/usr/include -DKORE_USE_PGSQL -DKORE_USE_TASKS $(shell cat /usr/share/kore/features 2>/dev/null)

all: $(BUILD)/gatehouse $(BUILD)/gatehouse-signer $(BUILD)/gatehouse.so

# --- lists ---------------------------------------------------------------------------------------
# $(1) file, $(2) names. What is made of files that a pattern finds has their list as a prerequisite: a file that is gone or has
# another name makes it another list.
define list
$(1): FORCE
	@mkdir -p $$(@D)
	@echo '$(2)' | cmp -s - $$@ || echo '$(2)' >$$@
endef

# --- objects -------------------------------------------------------------------------------------
# $(1) folder of the layer, $(2) sources
define objects
$(call obj,$(2)): $(BUILD)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	@echo "CC $$<"
	$$(Q)$$(CC) $$(CFLAGS) $$(INC_$(1)) $$(EXTRA_CFLAGS) -c -o $$@ $$<
$(call LIB,$(1)): $(call obj,$(2)) $(call LIST,$(1))
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)
endef
LIST = $(BUILD)/gen/$(subst /,-,$(1)).list
$(foreach f,$(FOLDERS),$(eval $(call objects,$(f),$(SRC_$(f)))))
$(foreach f,$(FOLDERS),$(eval $(call list,$(call LIST,$(f)),$(SRC_$(f)))))

$(call obj,$(SRC_store)): EXTRA_CFLAGS = $(PQ_CFLAGS)

$(call obj,$(SRC_signer)): $(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CFLAGS) $(INC_ca-backend) -c -o $@ $<

$(BUILD)/kore-app/command/main.o: kore-app/command/main.c Makefile
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CFLAGS) $(INC_kore-app/command) -c -o $@ $<

# Kore's headers use GNU extensions and do not pass our warnings.
$(call obj,$(SRC_kore)): $(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(filter-out -Wshadow -Wstrict-prototypes,$(CFLAGS)) $(KORE_CFLAGS) $(INC_kore-app) -c -o $@ $<

# The SQL of the migrations as C strings.
$(eval $(call list,$(BUILD)/gen/migrations.list,$(MIGRATIONS)))
$(GEN_MIGRATIONS): $(MIGRATIONS) $(BUILD)/gen/migrations.list Makefile
	@mkdir -p $(@D)
	$(Q){ echo '#include "store/migrations.h"'; echo 'const struct migration migrations[] = {'; \
	for f in $(MIGRATIONS); do \
		printf '{ "%s",\n' "$$(basename $$f .sql)"; \
		sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; echo '},'; \
	done; echo '};'; echo 'const int migrations_count = $(words $(MIGRATIONS));'; } >$@.tmp && mv $@.tmp $@

$(GEN_MIGRATIONS:.c=.o): $(GEN_MIGRATIONS)
	$(Q)$(CC) $(CFLAGS) $(INC_ca-backend) -c -o $@ $<
$(call LIB,ca-backend): $(GEN_MIGRATIONS:.c=.o)

# Files as they are in the program: an array of struct gh_embedded (base/embedded.h).
# $(1) name of the array, $(2) layer whose library has it, $(3) files
define embedded
$(call list,$(BUILD)/gen/$(1).list,$(3))
$(BUILD)/gen/$(1).c: $(3) $(BUILD)/gen/$(1).list conf/embed.sh Makefile
	@mkdir -p $$(@D)
	@echo "GEN $$@"
	$$(Q)conf/embed.sh $(1) $(3) >$$@.tmp && mv $$@.tmp $$@
$(BUILD)/gen/$(1).o: $(BUILD)/gen/$(1).c
	$$(Q)$$(CC) $$(CFLAGS) $$(INC_$(2)) -c -o $$@ $$<
$(call LIB,$(2)): $(BUILD)/gen/$(1).o
GEN_EMBEDDED += $(BUILD)/gen/$(1).c
endef
$(eval $(call embedded,embedded_languages,base,$(sort $(wildcard conf/languages/*.json))))
$(eval $(call embedded,embedded_mail,enroll,$(sort $(wildcard enroll/notify/mail/*))))
$(eval $(call embedded,embedded_pages,kore-app,$(sort $(wildcard kore-app/pages/html/*.html))))
$(eval $(call embedded,embedded_static,kore-app,$(sort $(wildcard kore-app/pages/static/*))))

# Objects ask for the build's packages once, before the compiler meets a missing header.
ALL_SOURCES := $(foreach f,$(FOLDERS),$(SRC_$(f))) $(SRC_signer) $(SRC_kore) kore-app/command/main.c
$(call obj,$(ALL_SOURCES)) $(GEN_MIGRATIONS) $(GEN_EMBEDDED): | $(BUILD)/packages.ok
$(BUILD)/packages.ok: conf/packages.txt
	@mkdir -p $(@D)
	$(Q)$(if $(NO_PACKAGE_CHECK),,tests/setup/install.sh --missing build-deps build)
	@touch $@

# --- programs ------------------------------------------------------------------------------------
$(BUILD)/gatehouse: $(BUILD)/kore-app/command/main.o $(call LIB,kore-app/command) $(LIBS)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_all)

# OpenSSL and base/, nothing else of our stack.
$(BUILD)/gatehouse-signer: $(call obj,$(SRC_signer) $(wildcard ca-backend/signer/protocol/*.c ca-backend/signer/wrap/*.c) ca-backend/formats/cms_signed.c) $(call LIB,base)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) -Wl,--as-needed -o $@ $^ -lcrypto -ljansson -lconfuse

$(BUILD)/gatehouse.so: $(call obj,$(SRC_kore)) $(LIBS)
	@echo "LD $@"
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-z,nodelete -o $@ $(call obj,$(SRC_kore)) $(LIBS) $(LIBS_all)

# --- what is made of the option tables ----------------------------------------------------------------
$(BUILD)/completion/options: $(BUILD)/gatehouse
	@mkdir -p $(@D)
	$(Q)$< help --list-all >$@.tmp && mv $@.tmp $@
$(BUILD)/completion/gatehouse: conf/completion/bash.awk $(BUILD)/completion/options
	$(Q)awk -f $^ >$@.tmp && mv $@.tmp $@
$(BUILD)/completion/_gatehouse: conf/completion/zsh.awk $(BUILD)/completion/options
	$(Q)awk -f $^ >$@.tmp && mv $@.tmp $@
$(BUILD)/man/gatehouse.conf.5: conf/conf-man.awk docs/gatehouse.conf.5.in $(BUILD)/gatehouse
	@mkdir -p $(@D)
	$(Q)$(BUILD)/gatehouse conf print | awk -v page=docs/gatehouse.conf.5.in -f conf/conf-man.awk >$@.tmp && mv $@.tmp $@

completion: $(BUILD)/completion/gatehouse $(BUILD)/completion/_gatehouse
manual: $(BUILD)/man/gatehouse.conf.5

# --- tests ---------------------------------------------------------------------------------------
# tests/FOLDER/test_*.c mirrors FOLDER/ and is linked with that folder's library and those below. Stand-ins for neighbours
# come before the libraries and take their place: tests.mk names those of each program.
LIBS_FROM_base       := base
LIBS_FROM_ca-backend := ca-backend base
LIBS_FROM_ldap       := ldap base
LIBS_FROM_templates  := templates ldap ca-backend base
LIBS_FROM_enroll     := enroll templates ldap ca-backend base
LIBS_FROM_kore-app   := kore-app enroll templates ldap ca-backend base
LIBS_FROM_kore-app/command := kore-app/command $(LIBS_FROM_kore-app)

define tests
TESTS_$(1) := $$(patsubst %.c,$$(BUILD)/%,$$(wildcard tests/$(1)/test_*.c))
$$(TESTS_$(1):=.o) $$(call obj,$$(wildcard tests/$(1)/fake_*.c)): $$(BUILD)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	@echo "CC $$<"
	$$(Q)$$(CC) $$(CFLAGS) $$(INC_$(1)) -iquote tests -c -o $$@ $$<
$$(TESTS_$(1)): %: %.o $$(BUILD)/tests/case.o $(foreach f,$(LIBS_FROM_$(1)),$(call LIB,$(f)))
	@echo "LD $$@"
	$$(Q)$$(CC) $$(LDFLAGS) $$(TEST_LINKER) -o $$@ $$(filter %.o,$$^) \
	    $(foreach f,$(LIBS_FROM_$(1)),$(call LIB,$(f))) $$(LIBS_all) -lcmocka
endef
$(foreach f,$(FOLDERS),$(eval $(call tests,$(f))))
TESTS := $(foreach f,$(FOLDERS),$(TESTS_$(f)))

# tests/integration/test_*.c needs servers: started by tests/integration/run_*.sh, which build what they run.
INTEGRATION_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c tests/bench/bench_*.c))
$(INTEGRATION_TESTS:=.o) $(BUILD)/tests/case.o: $(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CFLAGS) $(INC_kore-app) -iquote tests -c -o $@ $<
$(INTEGRATION_TESTS): %: %.o $(BUILD)/tests/case.o $(LIBS)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) $(TEST_LINKER) -o $@ $(filter %.o,$^) $(LIBS) $(LIBS_all) -lcmocka

integration-tests: $(filter $(BUILD)/tests/integration/%,$(INTEGRATION_TESTS))

# Certification requests, good and bad, for test_pkcs10.
$(BUILD)/tests/ca-backend/pkcs10/done: tests/ca-backend/mkfixtures.py tests/e2e/der.py
	@mkdir -p $(@D)
	@echo "GEN $(@D)"
	$(Q)python3 -B $< $(@D)
$(BUILD)/tests/ca-backend/test_pkcs10: | $(BUILD)/tests/ca-backend/pkcs10/done

# Packages and answers to them as pyasn1-modules makes them; python3 of Debian, which has it.
$(BUILD)/tests/ca-backend/packages/done: tests/e2e/packages.py
	@mkdir -p $(@D)
	@echo "GEN $(@D)"
	$(Q)/usr/bin/python3 -B $< $(@D)
$(BUILD)/tests/ca-backend/test_package_form: | $(BUILD)/tests/ca-backend/packages/done

# Requests and PKIArchiveOptions as Bouncy Castle makes them, for test_crmf and test_archive_options.
BOUNCY_CASTLE := /usr/share/java/bcprov.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcutil.jar
$(BUILD)/tests/ca-backend/crmf/done: tests/ca-backend/MakeCrmf.java
	@mkdir -p $(@D)
	@echo "GEN $(@D)"
	$(Q)java -cp $(BOUNCY_CASTLE) $< $(@D)
	@touch $@
$(addprefix $(BUILD)/tests/ca-backend/,test_crmf test_archive_options): | $(BUILD)/tests/ca-backend/crmf/done

# These talk to a real signer.
$(filter $(BUILD)/tests/ca-backend/test_signer%,$(TESTS)) $(BUILD)/tests/ca-backend/test_ca: | $(BUILD)/gatehouse-signer

# These have the signer's own parts in them.
SIGNER_PARTS := $(call obj,$(filter-out ca-backend/signer/server/main.c,$(SRC_signer)))
$(filter $(addprefix $(BUILD)/tests/ca-backend/,test_signer_record test_signer_kra% test_kra_% test_archive_options test_policy_rules test_token_key),$(TESTS)) \
    $(filter $(BUILD)/tests/integration/test_kra_%,$(INTEGRATION_TESTS)): $(SIGNER_PARTS)

tests: $(TESTS)

# Unit tests: no server, no network.
unit: $(TESTS)
	@set -e; for t in $(TESTS); do echo "== $$t"; $$t; done

# Paths are the defaults of base/conf_table.c and of the systemd units.
install: all completion manual
	install -D -m 755 $(BUILD)/gatehouse $(DESTDIR)/usr/bin/gatehouse
	install -D -m 755 $(BUILD)/gatehouse-signer $(DESTDIR)/usr/sbin/gatehouse-signer
	install -D -m 644 $(BUILD)/gatehouse.so $(DESTDIR)/usr/lib/gatehouse/gatehouse.so
	install -d $(DESTDIR)/usr/share/gatehouse/templates
	install -m 644 conf/templates/*.json $(DESTDIR)/usr/share/gatehouse/templates/
	install -D -m 644 conf/prometheus/gatehouse.rules.yml $(DESTDIR)/usr/share/gatehouse/prometheus/gatehouse.rules.yml
	install -D -m 644 conf/grafana/gatehouse.json $(DESTDIR)/usr/share/gatehouse/grafana/gatehouse.json
	install -m 644 conf/gatehouse.conf.sample $(DESTDIR)/usr/share/gatehouse/gatehouse.conf.sample
	install -D -m 644 conf/gatehouse.service $(DESTDIR)/usr/lib/systemd/system/gatehouse.service
	install -D -m 644 conf/gatehouse-signer.service $(DESTDIR)/usr/lib/systemd/system/gatehouse-signer.service
	install -D -m 644 conf/gatehouse-kra.service $(DESTDIR)/usr/lib/systemd/system/gatehouse-kra.service
	install -D -m 644 conf/gatehouse-est@.service $(DESTDIR)/usr/lib/systemd/system/gatehouse-est@.service
	install -D -m 644 conf/gatehouse-est@.timer $(DESTDIR)/usr/lib/systemd/system/gatehouse-est@.timer
	install -D -m 644 conf/gatehouse.sysusers $(DESTDIR)/usr/lib/sysusers.d/gatehouse.conf
	install -D -m 644 conf/gatehouse.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/gatehouse.conf
	install -D -m 644 docs/gatehouse.1 $(DESTDIR)/usr/share/man/man1/gatehouse.1
	install -D -m 644 $(BUILD)/man/gatehouse.conf.5 $(DESTDIR)/usr/share/man/man5/gatehouse.conf.5
	install -D -m 644 docs/gatehouse-signer.8 $(DESTDIR)/usr/share/man/man8/gatehouse-signer.8
	install -D -m 644 $(BUILD)/completion/gatehouse $(DESTDIR)/usr/share/bash-completion/completions/gatehouse
	install -D -m 644 $(BUILD)/completion/_gatehouse $(DESTDIR)/usr/share/zsh/vendor-completions/_gatehouse

# Debian packages, in $(BUILD)/deb, of a copy of the files that git knows: dpkg-buildpackage writes into its tree.
DEB := $(BUILD)/deb
deb:
	@tests/setup/install.sh build deb
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/gatehouse-$(VERSION)
	$(Q)git ls-files -z | tar -c --null -T - -f - | tar -x -C $(DEB)/gatehouse-$(VERSION) -f -
	$(Q)cd $(DEB)/gatehouse-$(VERSION) && env -u BUILD -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
	    dpkg-buildpackage -us -uc -b >../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	$(Q)lintian --fail-on error $(DEB)/*.changes
	@mkdir $(DEB)/dbgsym && mv $(DEB)/*-dbgsym_*.deb $(DEB)/dbgsym/ && ls $(DEB)/*.deb

clean:
	rm -rf $(BUILD)

include tests/tests.mk

help:
	@echo "make           build gatehouse, gatehouse-signer, gatehouse.so into $(BUILD)/"
	@echo "make unit      unit tests"
	@echo "make install   programs, templates, units, man page (DESTDIR=... for a package)"
	@echo "make deb       Debian packages, into $(DEB)/"
	@echo "make clean     remove $(BUILD)/"
	@echo "make build-deps install the Debian packages that the build needs, and only those"
	@echo "make run-deps  install the Debian packages that the built programs need"
	@echo "make deps      install the Debian packages that build, demo and tests need (350 MB)"
	@echo "make demo      install, build, start everything in var/demo/ and enroll a first certificate"
	@echo "make demo-stop stop the demo; what it made stays in var/demo/"
	@echo "make check     install, build, run every test (ONLY='e2e-*' runs some)"
	@echo "make check-install install the packages on fresh Debians that systemd has booted, and try what README says"
	@echo "make fuzz      long fuzzing (FUZZ_SECONDS for each harness, default 600)"
	@echo "make bench     performance beside peers; table in var/bench/ (ONLY=enroll, est, ocsp, crl, kra, endurance or inventory)"

FORCE:

.PHONY: FORCE all completion manual deb tests integration-tests unit install clean help
-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)
