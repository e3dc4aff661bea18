PYTHON ?= python3
BIN := .venv/bin

.venv/.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet pip==26.3
	$(BIN)/python -m pip install --quiet --group site --group test --constraint constraints.txt
	touch $@

node_modules/.stamp: package.json package-lock.json .npmrc
	npm ci
	touch $@
