"""What of Keras' tests does not apply to labkit, and why. What is named here must fail."""

TENSORFLOW = "uses TensorFlow's own objects"
THEANO = "wants the Theano backend, and fails in Keras without it"
REDRAWN = "evaluates one random tensor again and wants other numbers; here a tensor has its value"

#: Files that cannot be imported.
FILES = {
    "keras/utils/multi_gpu_test.py": TENSORFLOW,
}


def named(file: str, reasons: dict[str, str]) -> dict[str, str]:
    return {f"{file}::{name}": reason for name, reason in reasons.items()}


BACKEND = named(
    "keras/backend/backend_test.py",
    {
        "test_gradient": THEANO,
        "test_function": THEANO,
        "test_resize_images_bilinear[channels_first]": THEANO,
        "test_resize_images_bilinear[channels_last]": THEANO,
        "test_function_tf_fetches": TENSORFLOW,
        "test_function_tf_feed_dict": TENSORFLOW,
        "test_function_tf_run_options_with_run_metadata": TENSORFLOW,
        "test_function_tf_string_input": "wants tensors of strings",
        "test_tensorflow_session_parallelism_settings": TENSORFLOW,
        "test_random_normal": REDRAWN,
        "test_random_uniform": REDRAWN,
        "test_random_binomial": REDRAWN,
        "test_sparse_concat": "wants sparse tensors; here they become plain ones",
    },
)

TESTS = {**BACKEND}
#: Pass or fail by the machine, for a reason in the test.
UNSTABLE = named(
    "keras/backend/backend_test.py",
    {"test_in_top_k": "its own answer takes ties in the order of the machine's sorting"},
)
