"""Keras 2.2.5's own tests, run with labkit answering as `keras`.

`make keras` fetches Keras' source package by its hash and runs them; none of its files stands here.
"""
