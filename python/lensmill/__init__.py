"""Helpers around lensmill's files, in pure Python (numpy and h5py)."""
