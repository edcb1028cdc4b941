# Everything an operator or a developer runs. Each target installs what it
# needs from Debian by itself, without questions.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 60s
SOAK ?= 20
comma := ,

.PHONY: build deb install demo demo-cluster test test-install race pictures bench fuzz soak chaos lint vuln install-deps

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/usher ./cmd/usher

# The Debian package, in dist; GOARCH=arm64 for another machine. LINT=1 has lintian look at it: make knows a LINT of its
# own, the name of a program for C.
ifeq ($(origin LINT),default)
LINT :=
endif
deb:
	scripts/deb.sh dist
	$(if $(LINT),scripts/install.sh lintian && lintian --fail-on error$(comma)warning dist/usher_*.deb)

# Program, units and users, on the machine itself; DESTDIR=dir puts the files there and makes no users.
install: build
	install -D -m 0755 bin/usher $(DESTDIR)/usr/local/bin/usher
	install -D -m 0644 -t $(DESTDIR)/etc/systemd/system deploy/usher.service deploy/usher.socket deploy/usher-http.socket deploy/usher-gateway.socket
	install -D -m 0644 deploy/usher.sysusers $(DESTDIR)/etc/sysusers.d/usher.conf
	test -n "$(DESTDIR)" || { systemd-sysusers && systemctl daemon-reload; }

PARTS = lua prosody13 ejabberd slixmpp nginx redis haproxy chromium prometheus strophe jitsi axe

# All that the tests want; it fails where one cannot be had.
install-deps:
	scripts/install.sh $(PARTS)

# As build has it: with other settings Go would compile everything twice.
GO_RUN = CGO_ENABLED=0 go run -trimpath

# ALL=1 also shows a browser and ejabberd, as far as they can be had. KEEP=1 leaves Prosody and usher running and says
# how to play with them.
demo:
	scripts/install.sh
	$(if $(ALL),scripts/install.sh -k ejabberd chromium strophe)
	$(MAKE) --no-print-directory build
	$(GO_RUN) ./e2e/demo -usher bin/usher $(if $(ALL),-all) $(if $(KEEP),-keep)

# Two Prosodys, four ushers, and a Redis with its replica and Sentinel.
demo-cluster:
	scripts/install.sh redis
	$(MAKE) --no-print-directory build
	$(GO_RUN) ./e2e/cluster/demo -usher bin/usher

# The end-to-end tests wait more than they work: so worlds run side by side, but for the packages that start a Chromium,
# which leaves a Prosody too little of a small machine. The package that takes longest comes first.
BROWSERS = /e2e/(browser|console|gateway|demo|signin)
END_TO_END = ./e2e/rooms $$(go list ./e2e/... | grep -vE '/e2e/rooms$$|$(BROWSERS)')
CHROMIUM = $$(go list ./e2e/... | grep -E '$(BROWSERS)')

# What cannot be had is skipped, and named once, at the end; where the environment says CI, a test that wants it fails.
test:
	scripts/install.sh -k $(PARTS)
	go run ./scripts/testrun \
		-- -timeout 10m $$(go list ./... | grep -v /e2e) \
		-- -timeout 14m -p 2 -parallel 4 $(END_TO_END) \
		-- -timeout 14m -p 1 $(CHROMIUM) \
		-- -C e2e/containers ./... \
		-- -C e2e/provider/server ./...
	@echo "not run: make test-install, the package on a Debian 12 that it boots: it wants root, and systemd-nspawn on" \
		"control groups of its own"

# The package on a Debian 12 that is booted for it: installed, restarted and upgraded under logins, rebooted, purged. Not
# among the tests of every change: it wants root, systemd-nspawn, and some minutes.
test-install:
	scripts/install.sh machine
	go vet -tags boot ./e2e/install
	go test -count=1 -timeout 20m -tags boot -v ./e2e/install

race: install-deps
	CI=1 go test -race -timeout 20m $$(go list ./... | grep -v /e2e)
	CI=1 go test -race -timeout 20m -p 1 $(END_TO_END) $(CHROMIUM)

# The pictures of docs that are made of what runs: the demo, what people see who are refused, the console, and what the
# dashboard says.
pictures: install-deps
	env -u MAKEFLAGS -u MAKELEVEL go run ./scripts/recording -o docs/demo.svg -- make demo
	USHER_SCREENSHOTS=$(CURDIR)/docs go test -count=1 -run TestGatewayRefusedPages ./e2e/gateway
	USHER_SCREENSHOTS=$(CURDIR)/docs go test -count=1 -run 'TestConsole/pictures' ./e2e/console
	USHER_SCREENSHOTS=$(CURDIR)/docs go test -count=1 -run TestStranger ./e2e/signin
	go test -count=1 ./e2e/dashboard -args -picture $(CURDIR)/docs/dashboard.svg -during 100s

bench:
	scripts/bench.sh

fuzz:
	scripts/fuzz.sh $(FUZZTIME)
	go test -count=1 -timeout 0 ./e2e/parsed -each 500000 -from 1000000

# The tests about storms, kills and races, over and over: what happens seldom shows itself here.
soak: install-deps
	CI=1 go test -count=1 -timeout 0 -run TestKilled ./internal/sqlite -killed-logins 1000000
	CI=1 go test -count=$(SOAK) -failfast -timeout 0 -p 1 -run 'Storm|Killed|Twice|TakeBack|Lobby' \
		./e2e/login ./e2e/rooms ./e2e/lobby ./e2e/gateway

# A cluster in which anything goes wrong, drawn by a seed: make chaos SEED=7 STEPS=10000. Real servers get a step of a
# hundred, as theirs take time.
SEED ?= $(shell date +%s)
STEPS ?= 10000
chaos:
	go test -count=1 -timeout 0 -run 'TestChaos$$' -v ./internal/cluster/clustertest -seed $(SEED) -steps $(STEPS)
	scripts/install.sh redis
	go test -count=1 -timeout 0 -run 'TestChaos$$' -v ./e2e/redis -seed $(SEED) -steps $$(($(STEPS) / 100))

lint:
	scripts/lint.sh

vuln:
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...
