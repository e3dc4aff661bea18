"""What of Keras' tests does not apply to labkit, and why. What is named here must fail."""

TENSORFLOW = "uses TensorFlow's own objects"

#: Files that cannot be imported.
FILES = {
    "keras/utils/multi_gpu_test.py": TENSORFLOW,
}

TESTS = {}
