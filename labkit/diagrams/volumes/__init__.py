"""The volume view: input, kernels and output as blocks to scale, a window moving through."""
