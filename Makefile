# Everything is installed into the checkout: .venv, node_modules, .cache. The built site is site/.
PYTHON ?= python3
PORT ?= 8000
PY := .venv/bin/python
# The theme's advertisement against MkDocs 2.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help serve site test keras check engines lock audit bench screenshot chromium browsers clean
.DELETE_ON_ERROR:

help:
	@echo 'make serve   安装、构建，在本机打开站点（PORT=8000）'
	@echo 'make site    只构建，结果在 site/'
	@echo 'make test    安装测试所需，运行全部测试'
	@echo 'make keras   用 labkit 运行 Keras 2.2.5 自己的测试'
	@echo 'make check   ruff、pyright、tsc、严格构建'
	@echo 'make engines   在 Firefox 与 WebKit 里检查代码格、面板、搜索等'
	@echo 'make lock    改了 pyproject.toml 里的依赖以后，更新 constraints.txt（版本与哈希）'
	@echo 'make audit   查固定的依赖有没有已知的漏洞（npm audit、pip-audit）'
	@echo 'make bench   测量层的速度、下载量、等待时间、面板的快慢、停止的快慢与内存'
	@echo 'make screenshot   重拍 README 里的图'
	@echo 'make clean   删除安装和构建出来的一切'

serve: site
	@$(PY) -m docs.tools.serve site --port $(PORT)

site: .cache/site.stamp

test: site chromium .cache/pyodide-packages/.stamp .cache/keras/.stamp
	$(PY) -m pytest -n 2

keras: .cache/keras/.stamp
	$(PY) -m tests.keras_suite

check: site
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	npx --no-install pyright
	npm run --silent check

engines: site browsers
	node tests/engines/run.mjs

# One version for all systems, and all Pythons from Debian 12's on. Versions stay unless
# pyproject.toml asks for others, or `make lock UPGRADE=--upgrade` does. uv is the one locked so far,
# in an environment that is right also while .venv does not fit pyproject.toml.
lock:
	test -x .cache/lock/bin/python || $(PYTHON) -m venv .cache/lock
	$(call locked,uv) | .cache/lock/bin/python -m pip install --quiet $(FROM_STDIN)
	.cache/lock/bin/python -m uv pip compile --quiet \
		--universal --python-version 3.11 --fork-strategy fewest \
		--group site --group test --group lock --group audit --generate-hashes \
		--build-constraints constraints.txt --require-build-hashes --annotation-style line \
		--custom-compile-command 'make lock' --output-file constraints.txt $(UPGRADE)

# pip-audit lives in an environment of its own, since it needs much that the site does not.
audit: node_modules/.stamp .venv/.stamp
	test -x .cache/audit/bin/python || $(PY) -m venv --without-pip .cache/audit
	$(PY) -m pip --python .cache/audit/bin/python install --quiet --group audit $(LOCKED)
	.cache/audit/bin/python -m pip_audit --requirement constraints.txt --require-hashes \
		--disable-pip --strict
	npm audit

bench: site chromium
	$(PY) -m tests.benchmarks.layers
	$(PY) -m tests.benchmarks.start_up
	$(PY) -m tests.benchmarks.lab
	$(PY) -m tests.benchmarks.hostile
	$(PY) -m tests.benchmarks.memory

screenshot: site chromium
	$(PY) -m tests.screenshot

clean:
	rm -rf .venv node_modules .cache site

# Nothing is installed but what constraints.txt has a hash of, also to build a wheel from source.
LOCKED := --require-hashes --constraint constraints.txt --build-constraint constraints.txt
# One package of it as a requirement: the pip that a Python brings takes no hashes from constraints.
locked = sed -n '/^$(1)==/,/[^\\]$$/p' constraints.txt
FROM_STDIN := --require-hashes --requirement /dev/stdin

define require_tools
@missing=; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| missing="$$missing Python>=3.11"; \
$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null \
	|| missing="$$missing Node.js>=18"; \
for tool in npm git; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
if [ -n "$$missing" ]; then \
	echo "缺少（missing）:$$missing"; \
	echo '请先安装（install with）：sudo apt-get install python3-venv nodejs npm make git'; \
	echo '另有合适的 Python 时（another Python）：make PYTHON=python3.12'; \
	exit 1; \
fi
endef

.venv/.stamp: pyproject.toml constraints.txt
	$(require_tools)
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(call locked,pip) | $(PY) -m pip install --quiet $(FROM_STDIN)
	$(PY) -m pip install --quiet --group site --group test $(LOCKED)
	touch $@

node_modules/.stamp: package-lock.json .npmrc
	$(require_tools)
	npm ci
	touch $@

# What the tests need in the readers' Python (tests/in_pyodide.py), for the Pyodide of package.json.
.cache/pyodide-packages/.stamp: .venv/.stamp constraints.txt package-lock.json
	rm -rf $(@D)
	$(PY) -m pip install --quiet --no-compile --target $(@D) --only-binary :all: \
		--platform pyemscripten_2026_0_wasm32 --implementation cp --python-version 3.14 \
		$(LOCKED) pytest hypothesis Markdown fonttools
	touch $@

# Keras' tests come with its source package (tests/keras_suite).
.cache/keras/.stamp: .venv/.stamp tests/keras_suite/requirements.txt
	rm -rf $(@D)
	$(PY) -m pip download --quiet --no-deps --no-binary :all: --dest $(@D) --require-hashes \
		--requirement tests/keras_suite/requirements.txt --build-constraint constraints.txt
	cd $(@D) && $(abspath $(PY)) -m tarfile --extract *.tar.gz
	touch $@

# Folders count too: a removed file changes only its folder.
SITE_SOURCES := mkdocs.yml package.json LICENSE tests/floors.py $(shell find docs labkit \
	-name __pycache__ -prune -o \( -type d -o -type f \) -print)

# The theme brings a script for every language; `lang` in mkdocs.yml asks for these.
UNUSED_LANGUAGES := $(foreach name,stemmer.support multi zh,! -name lunr.$(name).min.js)

# The bundle holds the list of the runtime's files; the page of third-party licences names what both
# hold: these come first.
# Built under another name and moved at the end, so that site/ is never half a site. jieba keeps its
# dictionary in TMPDIR; /tmp is where another user's copy could be in the way.
.cache/site.stamp: .venv/.stamp node_modules/.stamp $(SITE_SOURCES)
	@mkdir -p .cache
	@set -e; new=$$(mktemp -d .cache/site-XXXXXX); trap "rm -rf $$new" EXIT; \
	$(PY) -m docs.tools.runtime; \
	rm -rf .cache/bundle; npm run --silent bundle -- --outdir=.cache/bundle; \
	TMPDIR=$$PWD/.cache $(PY) -m mkdocs build --strict --quiet --site-dir $$new; \
	find $$new/assets/javascripts/lunr -type f $(UNUSED_LANGUAGES) -delete; \
	$(PY) -m docs.tools.math $$new; \
	$(PY) -m docs.tools.openings $$new; \
	cp -r .cache/bundle/. $$new/live; \
	$(PY) -m docs.tools.runtime $$new/runtime; \
	$(PY) -m docs.tools.licences $$new; \
	$(PY) -m docs.tools.policy $$new; \
	chmod 755 $$new; rm -rf site; mv $$new site
	@touch $@

# The machine's own Chromium; else Debian's; else playwright's.
chromium: .venv/.stamp
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome; do \
		if [ -n "$$name" ] && command -v "$$name" >/dev/null; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium \
			>/dev/null && exit 0; \
	fi; \
	$(PY) -m playwright install chromium && exit 0; \
	echo '测试需要 Chromium，但没能装上（tests need Chromium）。'; \
	echo '请运行（install with）：sudo apt-get install chromium'; \
	echo '或者用 CHROMIUM=/path/to/chrome 指出它在哪里。'; \
	exit 1

# What `engines` needs, which the tests do not: Debian's Firefox and WebKit, and a screen for WebKit.
browsers:
	@missing=; \
	command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing=firefox-esr; \
	command -v WebKitWebDriver >/dev/null || missing="$$missing webkit2gtk-driver"; \
	command -v Xvfb >/dev/null || missing="$$missing xvfb"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing \
			>/dev/null && exit 0; \
	fi; \
	echo "缺少（missing）:$$missing"; \
	echo "请运行（install with）：sudo apt-get install $$missing"; \
	exit 1
