"""Run the tests in the readers' own Python: the Pyodide that the site brings, under node.

in_pyodide.mjs starts it and calls `main`; test_in_pyodide.py asks for that. Every test runs there
unless it is named here with the reason why it cannot.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

BROWSER = "drives a browser"
BUILD = "is about building the site"
PROCESS = "starts processes"
THREAD = "runs coroutines in a thread; in a browser, tests/live runs cells"
HDF5 = "needs h5py"
SCIPY = "needs SciPy"
YAML = "needs PyYAML"
SLOW = "takes 25 s there"
SAVING = "tests/test_saving.py::test_"
CONTINUED = f"{SAVING}a_loaded_model_goes_on_training_as_if_nothing_had_been"
RECURRENT = "tests/diagrams/test_recurrent.py::test_"
LEFT_OUT_PATHS = {
    "tests/diagrams/test_notebook.py": "needs IPython",
    "tests/live": BROWSER,
    "tests/test_accessibility.py": BROWSER,
    "tests/test_datasets.py": "reads what the build has made and the npm package",
    "tests/test_docs.py": f"{PROCESS}; in a browser, test_pages_live.py runs the pages",
    "tests/test_faults.py": BROWSER,
    "tests/test_figures.py": THREAD,
    "tests/test_floors.py": "reads the sources and runs none of them",
    "tests/test_home.py": BROWSER,
    "tests/test_hosting.py": BUILD,
    "tests/test_in_pyodide.py": "starts this run",
    "tests/test_lab.py": BROWSER,
    "tests/test_lab_layout.py": BROWSER,
    "tests/test_lab_cells.py": BROWSER,
    "tests/test_lab_volume.py": BROWSER,
    "tests/test_lab_data.py": BROWSER,
    "tests/test_lab_waiting.py": BROWSER,
    "tests/test_recurrent_panel.py": BROWSER,
    "tests/test_keras_suite.py": PROCESS,
    "tests/test_licences.py": BUILD,
    "tests/test_markdown.py": BUILD,
    "tests/test_model_code.py": THREAD,
    "tests/test_not_found.py": BROWSER,
    "tests/test_pages_live.py": BROWSER,
    "tests/test_payloads.py": BROWSER,
    "tests/test_pictures.py": BROWSER,
    "tests/test_policy.py": BROWSER,
    "tests/test_project.py": BUILD,
    "tests/test_runner.py": THREAD,
    "tests/test_runtime.py": BUILD,
    "tests/test_site.py": BUILD,
    "tests/test_take_away.py": BROWSER,
    "tests/test_tensorboard.py": "needs tensorboard",
}
# By the beginning of their ids.
LEFT_OUT_TESTS = {
    f"{RECURRENT}it_is_told_in_words_and_loads_nothing[gates large]": SLOW,
    f"{RECURRENT}nothing_overlaps_and_nothing_leaves_its_place[gates large]": SLOW,
    "tests/test_callbacks.py::test_progress_in_a_file[1-": "a cell's output is not a file",
    "tests/test_compatibility.py::test_every_module_and_its_refusal": PROCESS,
    "tests/test_compatibility.py::test_script_prints_what_keras_printed": PROCESS,
    "tests/layers/test_core.py::test_a_lambda_is_itself_again_in_the_same_process[yaml]": YAML,
    "tests/test_utils.py::test_binary_streams": HDF5,
    "tests/test_utils.py::test_h5_matrix": HDF5,
    "tests/test_utils.py::test_h5dict": HDF5,
    "tests/backend/test_variables.py::test_a_sparse_matrix": SCIPY,
    "tests/engine/test_fitting.py::test_sparse_matrices": SCIPY,
    "tests/test_enqueuers.py::test_processes": PROCESS,
    "tests/test_enqueuers.py::test_threads": "starts threads",
    f"{CONTINUED}[adadelta-.h5]": HDF5,
    f"{CONTINUED}[adagrad-.h5]": HDF5,
    f"{CONTINUED}[adam-.h5]": HDF5,
    f"{CONTINUED}[adamax-.h5]": HDF5,
    f"{CONTINUED}[rmsprop-.h5]": HDF5,
    f"{CONTINUED}[sgd-.h5]": HDF5,
    f"{SAVING}a_file_cut_inside": HDF5,
    f"{SAVING}a_folder_and_a_read_only_file": HDF5,
    f"{SAVING}a_group_holds_one_model_only": HDF5,
    f"{SAVING}a_name_that_no_attribute_can_hold": HDF5,
    f"{SAVING}a_pickle_of_something_else": HDF5,
    f"{SAVING}broken_files[.h5-": HDF5,
    f"{SAVING}broken_files[empty.h5-": HDF5,
    f"{SAVING}broken_files[missing.h5-": HDF5,
    f"{SAVING}broken_files[text.h5-": HDF5,
    f"{SAVING}equal_names_are_not_stored_over_each_other": HDF5,
    f"{SAVING}lambda_bodies_are_never_read_from_a_file": HDF5,
    f"{SAVING}long_names_are_cut_into_attributes": HDF5,
    f"{SAVING}models_of_real_keras": HDF5,
    f"{SAVING}open_group": HDF5,
    f"{SAVING}our_file_has_keras_layout": HDF5,
    f"{SAVING}places_that_hold_no_model": HDF5,
    f"{SAVING}streams": HDF5,
    f"{SAVING}text_forms": YAML,
    f"{SAVING}weights_of_real_keras": HDF5,
    f"{SAVING}weights_only[.h5]": HDF5,
}


class LeaveOut:
    """Also tells `started` each test's id, since a crash of Pyodide leaves no report."""

    def __init__(self, started: Callable[[str], object]):
        self.started = started

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config):
        path = collection_path.relative_to(config.rootpath).as_posix()
        return True if path in LEFT_OUT_PATHS else None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]):
        left_out = {
            item: [beginning for beginning in LEFT_OUT_TESTS if item.nodeid.startswith(beginning)]
            for item in items
        }
        stale = LEFT_OUT_TESTS.keys() - {name for names in left_out.values() for name in names}
        if stale and config.args == ["tests"]:
            raise pytest.UsageError(f"left out, but not there: {sorted(stale)}")
        config.hook.pytest_deselected(items=[item for item in items if left_out[item]])
        items[:] = [item for item in items if not left_out[item]]

    def pytest_runtest_logstart(self, nodeid: str):
        self.started(nodeid)


def main(started: Callable[[str], object], *arguments: str) -> int:
    """pytest's exit status: it is not 0 either when no test was found."""
    # In WebAssembly it is the clock on the wall, which counts what other programs take.
    time.process_time = lambda: 0.0
    # Plugins are found by their packages' metadata otherwise; xdist would be one too many here.
    options = ["-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "--tb=short", "-q"]
    return int(pytest.main([*options, *arguments], plugins=[LeaveOut(started)]))
