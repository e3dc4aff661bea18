"""Keras' own file of settings: where it is, and what of it counts here.

`$KERAS_HOME/keras.json`, or `~/.keras/keras.json`; the file is never written.
"""

from __future__ import annotations

import json
import os

from .config import set_epsilon, set_floatx, set_image_data_format
from .state import state

# As in Keras, loading this module anew looks again.
_keras_dir = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
_config_path = os.path.join(_keras_dir, "keras.json")


def read_settings() -> None:
    """Take floatx, epsilon and image_data_format from the file; one that is no JSON is ignored."""
    try:
        with open(_config_path, encoding="utf-8") as file:
            settings = json.load(file)
    except (OSError, ValueError):
        return
    if not isinstance(settings, dict):
        return
    set_floatx(settings.get("floatx", state.floatx))
    set_epsilon(settings.get("epsilon", state.epsilon))
    set_image_data_format(settings.get("image_data_format", state.image_data_format))


read_settings()
