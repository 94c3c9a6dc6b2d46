# Set-up, demo, check, fuzz and bench: what `make` does besides building and the unit tests.

deps:
	@tests/setup/install.sh build run demo check

# Without all that only the tests need.
build-deps:
	@tests/setup/install.sh build

run-deps:
	@tests/setup/install.sh run

demo:
	@tests/setup/install.sh build run demo
	+@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j"$$(nproc)") all
	@tests/demo/demo.sh start

demo-stop:
	@tests/demo/demo.sh stop

check:
	@tests/setup/install.sh build run demo check
	@tests/setup/browser.sh
	@tests/run.sh $(ONLY)

# The packages on machines of strangers: fresh Debians that systemd has booted. As root.
check-install: deb
	@tests/setup/install.sh install
	@python3 -B tests/install/check_install.py $(ONLY)

# --- sanitizers and fuzzers: one build, by clang, which also looks for its warnings --------------------
CLANG          ?= clang
MAKE_SANITIZED := $(MAKE) --no-print-directory BUILD=build/sanitized OPT="-O1 -g1" \
    SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
FUZZERS        := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

sanitized: sanitized-programs fuzz-seeds

sanitized-programs:
	+@$(MAKE_SANITIZED) CC="$(CLANG)" all tests fuzz-programs

# make fuzz runs until FUZZ_SECONDS for each harness have passed.
fuzz:
	@tests/setup/install.sh build check
	@$(MAKE) --no-print-directory fuzz-build
	@for f in $(notdir $(FUZZERS)); do tests/fuzz/run.sh $$f $(or $(FUZZ_SECONDS),600) || exit 1; done

fuzz-build: fuzz-seeds
	+@$(MAKE_SANITIZED) CC="$(CLANG)" fuzz-programs

fuzz-programs: $(FUZZERS)

# What fuzzers begin with: one program makes it for all, since many take the same.
fuzz-seeds: $(BUILD)/fuzz/seeds/done
$(BUILD)/fuzz/seeds/done: tests/fuzz/seeds.py $(addprefix tests/e2e/,der.py other_est_server.py packages.py) \
    kore-app/routes/routes.c $(wildcard tests/fuzz/fuzz_*/* conf/templates/*.json kore-app/pages/html/*.html)
	@mkdir -p $(@D)
	@echo "GEN $(@D)"
	$(Q)python3 -B $< $(@D) $(notdir $(FUZZERS))
	@touch $@

$(FUZZERS): $(BUILD)/%: %.c Makefile tests/tests.mk $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(filter-out -Wmissing-prototypes,$(CFLAGS)) $(INC_kore-app) -iquote tests/fuzz \
	    $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(LIBS) $(LIBS_all)

FUZZ_OF_SIGNER := $(addprefix $(BUILD)/tests/fuzz/,fuzz_signer_record fuzz_archive_options)
$(FUZZ_OF_SIGNER): $(SIGNER_PARTS)
$(FUZZ_OF_SIGNER): private override LDFLAGS += $(SIGNER_PARTS)

# Readers of the command.
FUZZ_OF_COMMAND := $(addprefix $(BUILD)/tests/fuzz/,fuzz_csrattrs fuzz_key_package fuzz_device_file)
$(FUZZ_OF_COMMAND): $(call LIB,kore-app/command)
$(FUZZ_OF_COMMAND): private override LIBS := $(call LIB,kore-app/command) $(LIBS)
$(FUZZ_OF_COMMAND): private override INC_kore-app := $(INC_kore-app/command)

# The statement that is made of a query.
$(BUILD)/tests/fuzz/fuzz_query $(BUILD)/tests/enroll/test_query_sql.o $(BUILD)/tests/enroll/test_cert_sight.o: private override CFLAGS += $(PQ_CFLAGS)

# An HTML parser that others wrote.
$(BUILD)/tests/fuzz/fuzz_markup: private override LIBS_all += -lgumbo

# The handlers of the whole route table pull in the neighbours of what these stand-ins replace: the first one counts.
FUZZ_FAKES := $(patsubst %,$(BUILD)/tests/enroll/fake_%.o,ca dir ocsp password requester requests store tmpl world)
$(BUILD)/tests/fuzz/fuzz_http: $(FUZZ_FAKES)
$(BUILD)/tests/fuzz/fuzz_http: private override LDFLAGS += -iquote tests $(FUZZ_FAKES) -Wl,--allow-multiple-definition
$(BUILD)/tests/fuzz/fuzz_http: private override LIBS_all += -lcmocka

# ONLY=... runs one of them; endurance, 1 M enrollments, and inventory, ten million certificates that are kept, only then.
BENCHES         := enroll est ocsp crl kra
BENCH_enroll    := python3 -B tests/bench/bench.py
BENCH_est       := $(MAKE) --no-print-directory $(BUILD)/tests/bench/bench_est && python3 -B tests/bench/bench_est.py
BENCH_ocsp      := python3 -B tests/bench/bench_ocsp.py
BENCH_crl       := tests/bench/bench_crl.sh 1000000 3
BENCH_kra       := python3 -B tests/bench/bench_kra.py
BENCH_endurance := python3 -B tests/bench/endurance.py
BENCH_inventory := python3 -B tests/bench/bench_inventory.py

bench:
	@tests/setup/install.sh build run demo bench
	@$(MAKE) --no-print-directory all
	@$(foreach b,$(if $(ONLY),$(filter $(ONLY),$(BENCHES) endurance inventory),$(BENCHES)),$(BENCH_$(b)) &&) true

# What checks of the documents need from the code.
$(BUILD)/tests/docs/print_routes: tests/docs/print_routes.c Makefile $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_kore-app) $(LDFLAGS) -o $@ $< $(LIBS) $(LIBS_all)

$(BUILD)/tests/docs/print_page: tests/docs/print_page.c Makefile $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_kore-app) $(LDFLAGS) -o $@ $< $(LIBS) $(LIBS_all)

check-programs: $(BUILD)/tests/docs/print_routes $(BUILD)/tests/docs/print_page

# With libcrypt in front of all others, whoever loads it later.
BCRYPT_PRELOADS := $(addprefix $(BUILD)/tests/servers/,cheap_bcrypt.so count_bcrypt.so)
$(BCRYPT_PRELOADS): $(BUILD)/%.so: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,--no-as-needed -o $@ $< -lcrypt
tests: $(BCRYPT_PRELOADS)
$(BUILD)/tests/servers/recv_crash.so: tests/servers/recv_crash.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $<
tests: $(BUILD)/tests/servers/recv_crash.so

# Its stand-ins take the place of functions that the handlers of the whole route table pull in with their neighbours.
$(BUILD)/tests/kore-app/test_access: private override LDFLAGS += -Wl,-z,muldefs

# A clock in place of the one that stands beside other things of time.
$(addprefix $(BUILD)/tests/enroll/,test_metadata_run test_scan_run test_scan_work): private override LDFLAGS += -Wl,-z,muldefs

# --- stand-ins: FOLDER/PROGRAM, NAMES of tests/FOLDER/fake_NAME.c. Others are in the test itself ---------
define stand_ins
$(BUILD)/tests/$(1): $(patsubst %,$(BUILD)/tests/$(dir $(1))fake_%.o,$(2))
endef
$(eval $(call stand_ins,ca-backend/test_audit_seal,trail))
$(eval $(call stand_ins,ca-backend/test_audit_verify,trail))
$(eval $(call stand_ins,enroll/test_approve,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_ca_password,requester store))
$(eval $(call stand_ins,enroll/test_catalog,ca dir store tmpl world))
$(eval $(call stand_ins,enroll/test_ce_batch,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_ce,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_ce_body,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_ce_repeat,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_no_entry,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_decide,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_ocsp,ca dir ocsp store tmpl world))
$(eval $(call stand_ins,enroll/test_rest_profile,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_rest_submit,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_act,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_auth_data,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_batch,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_confirm,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_controls,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_envelope,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_failures,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_legacy,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_gateway_signer,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_pop,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_ra,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_renewal,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_cmc_secret,ca cmc dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_csr,ca dir password requester requests store tmpl world))
$(eval $(call stand_ins,enroll/test_revoke,requester store))

# Names of the unit test programs, for tests/run.sh.
list-tests:
	@printf '%s\n' $(TESTS)

.PHONY: deps build-deps run-deps check-install demo demo-stop check sanitized sanitized-programs fuzz fuzz-build fuzz-programs fuzz-seeds bench check-programs list-tests
