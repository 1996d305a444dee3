"""Where the numbers are: what a file's bytes say of the tensors in it."""
